// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "enrolment/alternative_name.h"
#include "enrolment/subject_name.h"
#include "identity/signing_key.h"
#include "ossl/handles.h"
#include "ossl/library_context.h"

namespace credmint {

/// A certificate signing request (PKCS#10, RFC 2986), signed.
struct CertificateRequest {
  Bytes der;
  std::string algorithm;  ///< of the signature, by OpenSSL's name: "ecdsa-with-SHA256"

  /// In PEM, "-----BEGIN CERTIFICATE REQUEST-----".
  [[nodiscard]] std::string Pem() const;
};

/// Makes a request for the certificate of `key`. Signs it as a mint signs its request, by
/// SigningKey::Sign(), and verifies the signature.
///
/// It asks for what a leaf of IAM Roles Anywhere needs (CONTRACT section 3). That is the critical
/// keyUsage digitalSignature, and extendedKeyUsage clientAuth. subjectAltName is there if `names`
/// are given. A CA may issue something else.
///
/// RSA signs with SHA-256, EC with the hash of the curve's size, Ed25519 with its own. Fails with
/// kKeyUnusable for other keys, and as the key does.
Result<CertificateRequest> MakeCertificateRequest(const LibraryContext& context,
                                                  const SigningKey& key, const X509_NAME* subject,
                                                  std::span<const AlternativeName> names);

}  // namespace credmint
