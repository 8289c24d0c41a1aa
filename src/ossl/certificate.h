// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/error.h"
#include "ossl/handles.h"
#include "ossl/library_context.h"

namespace credmint {

/// A distinguished name in RFC 2253 form, most specific part first: "CN=host,O=Example".
std::string Rfc2253Name(const X509_NAME* name);

/// A read-only X.509 certificate, with the facts needed to find, check and send it. Cheap to copy
/// (reference counted). Safe to share between threads.
class Certificate {
 public:
  /// Takes over a reference. `x509` must not be null.
  explicit Certificate(X509Ptr x509) : x509_(x509.release(), X509_free) {}

  /// Parses DER. Fails with kCertificate.
  static Result<Certificate> FromDer(const LibraryContext& context, ByteView der);

  [[nodiscard]] Bytes Der() const;
  /// Serial number in decimal: up to 20 bytes, which is up to 49 digits (CONTRACT section 2).
  [[nodiscard]] std::string SerialDecimal() const;
  /// Serial number in upper-case hexadecimal, two digits per byte, as `openssl x509` prints it.
  [[nodiscard]] std::string SerialHex() const;
  /// Distinguished names, as Rfc2253Name() writes them.
  [[nodiscard]] std::string Subject() const;
  [[nodiscard]] std::string Issuer() const;
  [[nodiscard]] std::chrono::system_clock::time_point NotBefore() const;
  [[nodiscard]] std::chrono::system_clock::time_point NotAfter() const;
  /// X.509 version: 1, 2 or 3.
  [[nodiscard]] int Version() const;
  /// Whether basicConstraints says CA:TRUE.
  [[nodiscard]] bool IsCa() const;
  /// Whether keyUsage is present and includes digitalSignature.
  [[nodiscard]] bool HasDigitalSignature() const;
  /// Whether the subject and issuer names are equal.
  [[nodiscard]] bool IsSelfIssued() const;
  /// Security bits of the hash in the certificate's own signature (SHA-256: 128); 0 if unknown.
  [[nodiscard]] int SignatureSecurityBits() const;
  /// Name of the signature's algorithm ("sha1WithRSAEncryption", "ML-DSA-65"), or its OID.
  [[nodiscard]] std::string SignatureAlgorithm() const;
  /// OpenSSL's number for that algorithm; NID_undef if it has none.
  [[nodiscard]] int SignatureNid() const { return X509_get_signature_nid(x509_.get()); }
  /// Name of the key's algorithm ("RSA", "EC", "ML-DSA-65"), or its OID. Known names are returned
  /// even if OpenSSL cannot use such a key.
  [[nodiscard]] std::string KeyAlgorithm() const;
  /// Whether the key's curve is given by explicit parameters, which RFC 5480 section 2.1.1 forbids.
  [[nodiscard]] bool HasExplicitCurve() const;
  /// OID of the first critical extension that OpenSSL does not process; empty if there is none.
  [[nodiscard]] std::string UnknownCriticalExtension() const;

  /// Borrowed; null if OpenSSL does not know the key's algorithm.
  [[nodiscard]] EVP_PKEY* public_key() const { return X509_get0_pubkey(x509_.get()); }
  [[nodiscard]] X509* get() const { return x509_.get(); }

  [[nodiscard]] bool operator==(const Certificate& other) const {
    return X509_cmp(x509_.get(), other.x509_.get()) == 0;
  }

 private:
  std::shared_ptr<X509> x509_;
};

}  // namespace credmint
