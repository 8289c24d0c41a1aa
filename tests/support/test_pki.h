// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace credmint::test {

/// Keys and certificates for tests, made with OpenSSL's API and none of ours: a defect of ours must
/// not hide in what the tests expect. A function that cannot make its object aborts.
using TestKey = std::shared_ptr<EVP_PKEY>;
using TestCertificate = std::shared_ptr<X509>;

/// A distinguished name in the order of its encoding: {{"O", "Example"}, {"CN", "host"}}. A type
/// with a leading '+' shares the RDN of the one before it.
using TestName = std::vector<std::pair<std::string, std::string>>;

/// A new key. The kind is "RSA" (2048 bits), "RSA-BITS", a curve ("P-256", "P-384", "P-521"), or an
/// algorithm ("ED25519", "ML-DSA-65"). Returns null if this OpenSSL does not know the algorithm.
TestKey NewKey(const std::string& kind = "P-256");

/// A P-256 key whose certificates spell out the curve's parameters instead of naming the curve.
TestKey NewKeyWithExplicitCurve();

/// The public half of one P-256 key with the private half of another, as if a device had been
/// swapped unnoticed.
TestKey Chimera(const TestKey& public_half, const TestKey& private_half);

/// The contents of a certificate. The default is a leaf that the service accepts in 2026. An
/// extension whose member is empty is absent.
struct CertificateSpec {
  TestName subject = {{"CN", "leaf"}};
  /// In hexadecimal, up to 20 bytes.
  std::string serial = "1000";
  /// The first and the last second of the validity, as YYYYMMDDHHMMSSZ.
  std::string not_before = "20260101000000Z";
  std::string not_after = "20261231235959Z";
  /// Version 1 has no extensions.
  int version = 3;
  /// The value of basicConstraints.
  std::optional<bool> ca;
  /// In OpenSSL's notation.
  std::string key_usage = "digitalSignature";
  std::string extended_key_usage = {};
  /// Whether it has the subject's and the issuer's key identifier.
  bool key_identifiers = false;
  /// Whether it has a subject key identifier that is not derived from the key.
  bool other_key_identifier = false;
  /// The hash of the signature. Ed25519 and ML-DSA ignore it.
  std::string digest = "SHA256";
  /// RSA-PSS instead of PKCS#1 v1.5.
  bool pss = false;
  /// The OID of an unknown extension, which holds a NULL.
  std::string critical_extension;
};

/// The contents of the certificate of a CA named CN=`name`.
CertificateSpec CaSpec(const std::string& name);

/// A key and its certificate.
struct Party {
  TestKey key;
  TestCertificate certificate;
};

/// Makes a certificate that `issuer` signs, or a self-signed one if there is no issuer. `key` is a
/// new one by default.
Party Issue(const CertificateSpec& spec, const Party* issuer = nullptr, TestKey key = nullptr);

/// Returns another reference for code that takes ownership of a C object.
EVP_PKEY* NewReference(const TestKey& key);
X509* NewReference(const TestCertificate& certificate);

/// Encodings of certificates.
std::string CertificatePem(const TestCertificate& certificate);
std::string CertificateDer(const TestCertificate& certificate);

/// Encodings of private keys: PKCS#8, and the algorithm's own form (PKCS#1, SEC 1).
std::string Pkcs8Pem(const TestKey& key);
std::string Pkcs8Der(const TestKey& key);
std::string TraditionalPem(const TestKey& key);
std::string TraditionalDer(const TestKey& key);
/// PKCS#8, encrypted by PBES2 with PBKDF2 and AES-256.
std::string EncryptedPkcs8Pem(const TestKey& key, const std::string& passphrase);
std::string EncryptedPkcs8Der(const TestKey& key, const std::string& passphrase);
/// PKCS#8, encrypted by PBES2 with scrypt and AES-256.
std::string ScryptPkcs8Pem(const TestKey& key, const std::string& passphrase);
/// The traditional encrypted PEM form, with the header "Proc-Type: 4,ENCRYPTED".
std::string EncryptedTraditionalPem(const TestKey& key, const std::string& passphrase);
/// PKCS#12 with a key, its certificate and the issuers. Without a passphrase nothing is encrypted.
std::string Pkcs12(const Party& party, const std::vector<TestCertificate>& issuers,
                   const std::optional<std::string>& passphrase);

std::string PublicKeyPem(const TestKey& key);

}  // namespace credmint::test
