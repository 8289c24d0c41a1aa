// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.h"
#include "enrolment/certificate_request.h"
#include "identity/certificate_chain.h"
#include "identity/identity.h"
#include "identity/signing_key.h"

namespace credmint {

/// All that an issuer is given for a new certificate.
struct IssueRequest {
  const CertificateRequest& request;  ///< signed by `key`
  const SigningKey& key;              ///< of the new certificate: the present one, or a new one
  const Identity& present;            ///< the certificate and key in use, which may vouch for it
};

/// Turns a request into a certificate: a command, or a CA's server.
class CertificateIssuer {
 public:
  CertificateIssuer() = default;
  CertificateIssuer(const CertificateIssuer&) = delete;
  CertificateIssuer& operator=(const CertificateIssuer&) = delete;
  virtual ~CertificateIssuer() = default;

  /// The new certificate with the issuers that came along. Nothing is checked yet. Fails with
  /// kServiceRefused if the issuer gives none, and with kServiceAnswer for anything else. An issuer
  /// that cannot be asked is kTimeout, kNetwork or kTls.
  virtual Result<CertificateChain> Issue(const IssueRequest& request) = 0;
};

}  // namespace credmint
