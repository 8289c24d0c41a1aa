// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/core.h>

#include <string>

#include "base/error.h"
#include "ossl/handles.h"

namespace credmint::provider {

enum class KeyType { kRsa, kEc, kEd25519 };

/// OpenSSL's name of a kind of key: "RSA", "EC", "ED25519".
const char* TypeName(KeyType type);

/// The public half of a hardware key, in the encodings of OpenSSL's key parameters.
struct PublicKey {
  KeyType type = KeyType::kRsa;
  Bytes modulus;      ///< RSA: big-endian, no leading zero byte
  Bytes exponent;     ///< RSA: big-endian
  std::string group;  ///< EC: OpenSSL's curve name, such as "prime256v1"
  /// EC: uncompressed, 04 || X || Y (SEC 1 section 2.3.3). Ed25519: 32 bytes (RFC 8032 section
  /// 5.1.5).
  Bytes point;

  bool operator==(const PublicKey&) const = default;

  /// Modulus or field size in bits.
  [[nodiscard]] int Bits() const;
  /// NIST SP 800-57 part 1 strength in bits.
  [[nodiscard]] int SecurityBits() const;
  /// Longest signature in bytes: the modulus, a DER Ecdsa-Sig-Value, or 64.
  [[nodiscard]] int MaxSignatureSize() const;
  /// The same before DER, as devices give it: r || s, each as long as the order, for EC.
  [[nodiscard]] std::size_t RawSignatureSize() const;

  /// As OpenSSL parameters: n and e, or group and pub, or pub alone.
  [[nodiscard]] ParamsPtr ToParams() const;
  /// The inverse; fails with kMalformed.
  static Result<PublicKey> FromParams(KeyType type, const OSSL_PARAM params[]);
  /// The public half of any RSA, EC or Ed25519 key; fails with kKeyUnusable.
  static Result<PublicKey> FromPkey(const EVP_PKEY* pkey);
  /// As a public EVP_PKEY of the default provider of `context`.
  [[nodiscard]] Result<PkeyPtr> ToPkey(OSSL_LIB_CTX* context) const;
  /// As DER SubjectPublicKeyInfo, made in `context`; empty if it is no key.
  [[nodiscard]] Bytes ToDer(OSSL_LIB_CTX* context) const;
};

/// A DER Ecdsa-Sig-Value (RFC 3279 section 2.2.3) from big-endian r and s.
Result<Bytes> EncodeEcdsaSignature(ByteView r, ByteView s);

}  // namespace credmint::provider
