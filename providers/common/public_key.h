#pragma once

#include <openssl/core.h>

#include <string>

#include "base/error.h"
#include "ossl/handles.h"

namespace credmint::provider {

enum class KeyType { kRsa, kEc };

/// The public half of a hardware key, in the encodings of OpenSSL's key parameters.
struct PublicKey {
  KeyType type = KeyType::kRsa;
  Bytes modulus;      ///< RSA: big-endian, no leading zero byte
  Bytes exponent;     ///< RSA: big-endian
  std::string group;  ///< EC: OpenSSL's curve name, such as "prime256v1"
  Bytes point;        ///< EC: uncompressed, 04 || X || Y (SEC 1 section 2.3.3)

  bool operator==(const PublicKey&) const = default;

  /// Modulus or field size in bits.
  [[nodiscard]] int Bits() const;
  /// NIST SP 800-57 part 1 strength in bits.
  [[nodiscard]] int SecurityBits() const;
  /// Longest signature in bytes: the modulus, or a DER Ecdsa-Sig-Value.
  [[nodiscard]] int MaxSignatureSize() const;

  /// As OpenSSL parameters: n and e, or group and pub.
  [[nodiscard]] ParamsPtr ToParams() const;
  /// The inverse; fails with kMalformed.
  static Result<PublicKey> FromParams(KeyType type, const OSSL_PARAM params[]);
  /// The public half of any RSA or EC key; fails with kKeyUnusable.
  static Result<PublicKey> FromPkey(const EVP_PKEY* pkey);
  /// As a public EVP_PKEY of the default provider of `context`.
  [[nodiscard]] Result<PkeyPtr> ToPkey(OSSL_LIB_CTX* context) const;
};

/// A DER Ecdsa-Sig-Value (RFC 3279 section 2.2.3) from big-endian r and s.
Result<Bytes> EncodeEcdsaSignature(ByteView r, ByteView s);

}  // namespace credmint::provider
