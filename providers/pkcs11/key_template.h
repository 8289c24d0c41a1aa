// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <p11-kit/pkcs11.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "common/public_key.h"
#include "ossl/handles.h"

namespace credmint::pkcs11 {

/// A type of key that can be made on a token: "ec-p256", "ec-p384", "ec-p521", "rsa-2048",
/// "rsa-3072", "rsa-4096" or "ed25519".
struct NewKeyType {
  std::string_view name;
  CK_KEY_TYPE type = CKK_EC;
  CK_MECHANISM_TYPE mechanism = CKM_EC_KEY_PAIR_GEN;
  CK_ULONG bits = 0;
  std::string_view group;       ///< EC: OpenSSL's name of the curve
  std::string_view parameters;  ///< EC: CKA_EC_PARAMS
  /// Ed25519: the same by the curve's name, for tokens that do not know the OID.
  std::string_view other_parameters;

  /// Whether a public key is of this type.
  [[nodiscard]] bool Describes(const provider::PublicKey& key) const;
};

/// Fails with kUsage for a name that is none of them.
Result<NewKeyType> FindNewKeyType(std::string_view name);

/// All types, for what a token can make.
std::vector<NewKeyType> NewKeyTypes();

/// The templates of C_GenerateKeyPair for a key that only signs, never leaves the token, and is
/// hidden without a login. They point into this object.
class KeyTemplate {
 public:
  KeyTemplate(const NewKeyType& type, std::string label, Bytes id, std::string_view parameters);
  KeyTemplate(const KeyTemplate&) = delete;
  KeyTemplate& operator=(const KeyTemplate&) = delete;

  [[nodiscard]] std::vector<CK_ATTRIBUTE>& public_key() { return public_key_; }
  [[nodiscard]] std::vector<CK_ATTRIBUTE>& private_key() { return private_key_; }

 private:
  CK_BBOOL yes_ = CK_TRUE;
  CK_BBOOL no_ = CK_FALSE;
  CK_ULONG bits_;
  Bytes exponent_ = {1, 0, 1};
  std::string label_;
  Bytes id_;
  Bytes parameters_;
  std::vector<CK_ATTRIBUTE> public_key_;
  std::vector<CK_ATTRIBUTE> private_key_;
};

/// The CKA_ID of a key: the SHA-1 of its subjectPublicKey, as the key identifiers of certificates
/// (RFC 5280 section 4.2.1.2, method 1).
Bytes KeyIdentifier(const provider::PublicKey& key);

}  // namespace credmint::pkcs11
