// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "enrolment/certificate_issuer.h"
#include "enrolment/subject_name.h"
#include "http/curl_transport.h"
#include "http/url.h"
#include "ossl/certificate.h"
#include "ossl/library_context.h"

namespace credmint {

/// A CA's server for CMP, the Certificate Management Protocol (RFC 9810, RFC 9811).
struct CmpServer {
  Url url;  ///< http or https: CMP protects its messages itself
  /// Each of these may vouch for the signer of an answer. If there are none, the issuers that came
  /// with the present certificate do.
  std::vector<Certificate> trusted = {};
  /// Requests go to this name, and answers must come from it. Null: the present certificate's
  /// issuer.
  X509NamePtr recipient = {};
  TransportOptions transport = {};
  std::chrono::milliseconds limit{60'000};  ///< for all messages and waiting of one request
  /// Waits before a CA is asked again. Returns false if the program is told to end. Null: it
  /// sleeps.
  std::function<bool(std::chrono::milliseconds)> pause = {};
};

/// Parses a CMP server's URL as ParseEndpointUrl() does, and keeps a final slash: "/pkix/" is the
/// path of many servers, and "/pkix" another one.
Result<Url> ParseCmpUrl(std::string_view text);

/// Asks for a certificate by a key update request, through OpenSSL's CMP client. The present
/// key signs the messages, and the new one proves that it is there. Subject and extensions are
/// those of the certificate request.
///
/// No answer counts that is not signed, through the server's trusted certificates, by a certificate
/// of the expected name. TLS is no substitute: it vouches for a host, not for a CA. A certificate
/// of another key is refused, and so is one that IAM Roles Anywhere would not accept. The CA hears
/// why, and may revoke it.
///
/// A CA that is waiting for somebody's decision is asked again when it says, within the limit. A
/// single answer may take a minute.
///
/// Fails as CertificateIssuer, as the keys do, and with kCertificate if nothing is trusted.
std::unique_ptr<CertificateIssuer> MakeCmpIssuer(const LibraryContext& context, CmpServer server);

}  // namespace credmint
