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

/// Keys and certificates to try the program with, made with OpenSSL's own API and none of ours, so
/// that a defect of ours cannot hide in what the tests expect. What cannot be made aborts.
using TestKey = std::shared_ptr<EVP_PKEY>;
using TestCertificate = std::shared_ptr<X509>;

/// A distinguished name in the order of its encoding: {{"O", "Example"}, {"CN", "host"}}. A type
/// with a leading '+' shares the RDN of the one before it.
using TestName = std::vector<std::pair<std::string, std::string>>;

/// A new key: "RSA" (2048 bits), "RSA-1024" and the like, a curve ("P-256", "P-384", "P-521"),
/// "ED25519", "ML-DSA-65". Null if this OpenSSL does not know the algorithm.
TestKey NewKey(const std::string& kind = "P-256");

/// A key on P-256 whose certificates write the curve out instead of naming it.
TestKey NewKeyWithExplicitCurve();

/// Half a key: the public half of one P-256 key with the private half of another, as a device
/// returns that was swapped behind our back.
TestKey Chimera(const TestKey& public_half, const TestKey& private_half);

/// What a certificate says. The default is a leaf that the service accepts, in 2026.
struct CertificateSpec {
  TestName subject = {{"CN", "leaf"}};
  std::string serial = "1000";                 ///< hexadecimal, up to 20 bytes
  std::string not_before = "20260101000000Z";  ///< YYYYMMDDHHMMSSZ
  std::string not_after = "20261231235959Z";   ///< the last second it is valid
  int version = 3;                             ///< 1 leaves all extensions out
  std::optional<bool> ca;                      ///< basicConstraints; absent if not set
  std::string key_usage = "digitalSignature";  ///< OpenSSL's names; absent if empty
  bool key_identifiers = false;                ///< subject's and issuer's key identifier
  bool other_key_identifier = false;           ///< subject's, not derived from the key
  std::string digest = "SHA256";               ///< of the signature; unused by pure algorithms
  bool pss = false;                            ///< RSA-PSS instead of PKCS#1 v1.5
  std::string critical_extension;              ///< OID of one that holds a NULL; absent if empty
};

/// The same for a CA called CN=`name`.
CertificateSpec CaSpec(const std::string& name);

/// A key and the certificate for it.
struct Party {
  TestKey key;
  TestCertificate certificate;
};

/// Has the certificate issued by `issuer`, or self-signed without one; `key` is new by default.
Party Issue(const CertificateSpec& spec, const Party* issuer = nullptr, TestKey key = nullptr);

/// One more reference, for whoever takes over a C object.
EVP_PKEY* NewReference(const TestKey& key);
X509* NewReference(const TestCertificate& certificate);

/// The encodings in which people keep certificates ...
std::string CertificatePem(const TestCertificate& certificate);
std::string CertificateDer(const TestCertificate& certificate);

/// ... and private keys: PKCS#8, the algorithm's own form (PKCS#1, SEC 1),
std::string Pkcs8Pem(const TestKey& key);
std::string Pkcs8Der(const TestKey& key);
std::string TraditionalPem(const TestKey& key);
std::string TraditionalDer(const TestKey& key);
/// PKCS#8 under PBES2 with PBKDF2 and AES-256,
std::string EncryptedPkcs8Pem(const TestKey& key, const std::string& passphrase);
std::string EncryptedPkcs8Der(const TestKey& key, const std::string& passphrase);
/// with scrypt instead,
std::string ScryptPkcs8Pem(const TestKey& key, const std::string& passphrase);
/// the form of old with "Proc-Type: 4,ENCRYPTED",
std::string EncryptedTraditionalPem(const TestKey& key, const std::string& passphrase);
/// and PKCS#12 with a certificate and its issuers; without a passphrase nothing is encrypted.
std::string Pkcs12(const Party& party, const std::vector<TestCertificate>& issuers,
                   const std::optional<std::string>& passphrase);

std::string PublicKeyPem(const TestKey& key);

}  // namespace credmint::test
