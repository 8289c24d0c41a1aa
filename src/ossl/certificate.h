// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/error.h"
#include "ossl/handles.h"
#include "ossl/library_context.h"

namespace credmint {

/// One X.509 certificate, read-only: the facts that finding, checking and sending it need.
/// Cheap to copy (reference counted); safe to share between threads.
class Certificate {
 public:
  /// Takes over a reference; `x509` must not be null.
  explicit Certificate(X509Ptr x509) : x509_(x509.release(), X509_free) {}

  /// From DER; fails with kCertificate.
  static Result<Certificate> FromDer(const LibraryContext& context, ByteView der);

  [[nodiscard]] Bytes Der() const;
  /// Serial number in decimal: up to 20 bytes, so up to 49 digits (CONTRACT section 2).
  [[nodiscard]] std::string SerialDecimal() const;
  /// Serial number in upper-case hexadecimal, two digits a byte, as `openssl x509` prints it.
  [[nodiscard]] std::string SerialHex() const;
  /// Distinguished names in RFC 2253 form, most specific part first: "CN=host,O=Example".
  [[nodiscard]] std::string Subject() const;
  [[nodiscard]] std::string Issuer() const;
  [[nodiscard]] std::chrono::system_clock::time_point NotBefore() const;
  [[nodiscard]] std::chrono::system_clock::time_point NotAfter() const;
  /// X.509 version as people count it: 1, 2 or 3.
  [[nodiscard]] int Version() const;
  /// basicConstraints says CA:TRUE.
  [[nodiscard]] bool IsCa() const;
  /// keyUsage is present and includes digitalSignature.
  [[nodiscard]] bool HasDigitalSignature() const;
  /// Subject and issuer names are equal.
  [[nodiscard]] bool IsSelfIssued() const;
  /// Security bits of the hash in the certificate's own signature (SHA-256: 128); 0 if unknown.
  [[nodiscard]] int SignatureSecurityBits() const;
  /// Name of the algorithm that signed it ("sha1WithRSAEncryption", "ML-DSA-65"), else its OID.
  [[nodiscard]] std::string SignatureAlgorithm() const;
  /// OpenSSL's number of that algorithm; NID_undef where it knows none.
  [[nodiscard]] int SignatureNid() const { return X509_get_signature_nid(x509_.get()); }
  /// Name of the key's algorithm ("RSA", "EC", "ML-DSA-65"), also where OpenSSL cannot use such a
  /// key; else its OID.
  [[nodiscard]] std::string KeyAlgorithm() const;
  /// The key is on a curve that is written out instead of named (RFC 5480 section 2.1.1 forbids
  /// it).
  [[nodiscard]] bool HasExplicitCurve() const;
  /// The OID of the first critical extension that OpenSSL does not process; empty without one.
  [[nodiscard]] std::string UnknownCriticalExtension() const;

  /// Borrowed; null when the key's algorithm is unknown to OpenSSL.
  [[nodiscard]] EVP_PKEY* public_key() const { return X509_get0_pubkey(x509_.get()); }
  [[nodiscard]] X509* get() const { return x509_.get(); }

  [[nodiscard]] bool operator==(const Certificate& other) const {
    return X509_cmp(x509_.get(), other.x509_.get()) == 0;
  }

 private:
  std::shared_ptr<X509> x509_;
};

}  // namespace credmint
