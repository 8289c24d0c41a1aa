// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/core.h>

#include <string>
#include <vector>

#include "base/error.h"
#include "ossl/handles.h"

namespace credmint::provider {

enum class KeyType { kRsa, kEc, kEd25519 };

/// OpenSSL's name of a key type: "RSA", "EC", "ED25519".
const char* TypeName(KeyType type);

/// The public half of a hardware key, encoded as in OpenSSL's key parameters.
struct PublicKey {
  KeyType type = KeyType::kRsa;
  Bytes modulus;      ///< RSA: big-endian, no leading zero byte
  Bytes exponent;     ///< RSA: big-endian
  std::string group;  ///< EC: OpenSSL's curve name, such as "prime256v1"
  /// EC: uncompressed, 04 || X || Y (SEC 1 section 2.3.3). Ed25519: 32 bytes (RFC 8032 section
  /// 5.1.5).
  Bytes point;

  bool operator==(const PublicKey&) const = default;

  /// The size of the modulus or field, in bits.
  [[nodiscard]] int Bits() const;
  /// The security strength of NIST SP 800-57 part 1, in bits.
  [[nodiscard]] int SecurityBits() const;
  /// The longest signature, in bytes: the modulus, a DER Ecdsa-Sig-Value, or 64.
  [[nodiscard]] int MaxSignatureSize() const;
  /// The size of a signature as devices return it. For EC that is r || s, each as long as the
  /// order.
  [[nodiscard]] std::size_t RawSignatureSize() const;

  /// Converts to OpenSSL parameters: n and e, or group and pub, or pub alone.
  [[nodiscard]] ParamsPtr ToParams() const;
  /// The inverse of ToParams(). Fails with kMalformed.
  static Result<PublicKey> FromParams(KeyType type, const OSSL_PARAM params[]);
  /// The public half of any RSA, EC or Ed25519 key. Fails with kKeyUnusable for other keys.
  static Result<PublicKey> FromPkey(const EVP_PKEY* pkey);
  /// Converts to a public EVP_PKEY of the default provider of `context`.
  [[nodiscard]] Result<PkeyPtr> ToPkey(OSSL_LIB_CTX* context) const;
  /// Converts to DER SubjectPublicKeyInfo, using `context`. Empty if this is not a valid key.
  [[nodiscard]] Bytes ToDer(OSSL_LIB_CTX* context) const;
};

/// Parses public keys, DER SubjectPublicKeyInfo, one after the other. Ignores keys of a type that
/// no device holds.
std::vector<PublicKey> ReadPublicKeys(ByteView der);

/// Encodes big-endian r and s as a DER Ecdsa-Sig-Value (RFC 3279 section 2.2.3).
Result<Bytes> EncodeEcdsaSignature(ByteView r, ByteView s);

}  // namespace credmint::provider
