// SPDX-License-Identifier: Apache-2.0
#include "common/keymgmt.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/params.h>

#include <array>

#include "common/asym_cipher.h"
#include "common/dispatch.h"
#include "common/key.h"
#include "common/key_generation.h"

namespace credmint::provider {
namespace {

template <KeyType Type>
void* New(void* provider) noexcept {
  auto* key = new (std::nothrow) Key;
  if (key == nullptr) return nullptr;
  key->provider = static_cast<ProviderContext*>(provider);
  key->public_key.type = Type;
  return key;
}

void* Load(const void* reference, std::size_t size) noexcept {
  if (size != sizeof(void*)) return nullptr;
  Key** slot = static_cast<Key**>(const_cast<void*>(reference));
  return std::exchange(*slot, nullptr);
}

void Free(void* key) noexcept { delete static_cast<Key*>(key); }

int Has(const void* keydata, int selection) noexcept {
  const auto* key = static_cast<const Key*>(keydata);
  if (key == nullptr) return 0;
  if ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0 && !key->private_key) return 0;
  const bool has_public = !key->public_key.modulus.empty() || !key->public_key.point.empty();
  return (selection & OSSL_KEYMGMT_SELECT_ALL) == 0 || has_public ? 1 : 0;
}

int Match(const void* left, const void* right, int /*selection*/) noexcept {
  return static_cast<const Key*>(left)->public_key == static_cast<const Key*>(right)->public_key;
}

template <KeyType Type>
int Import(void* keydata, int selection, const OSSL_PARAM params[]) noexcept {
  auto* key = static_cast<Key*>(keydata);
  if ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0) return 0;
  return Callback(*key->provider, 0, [&]() -> Result<int> {
    auto public_key = PublicKey::FromParams(Type, params);
    if (!public_key) return Fail(std::move(public_key));
    key->public_key = *std::move(public_key);
    return 1;
  });
}

int Export(void* keydata, int selection, OSSL_CALLBACK* callback, void* argument) noexcept {
  const auto* key = static_cast<const Key*>(keydata);
  if ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0) return 0;
  const ParamsPtr params = key->public_key.ToParams();
  return params ? callback(params.get(), argument) : 0;
}

template <KeyType Type>
const OSSL_PARAM* PublicKeyTypes(int selection) noexcept {
  static const OSSL_PARAM kRsa[] = {OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_N, nullptr, 0),
                                    OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_E, nullptr, 0),
                                    OSSL_PARAM_END};
  static const OSSL_PARAM kEc[] = {OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, nullptr, 0),
                                   OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, nullptr, 0),
                                   OSSL_PARAM_END};
  static const OSSL_PARAM kEd25519[] = {
      OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, nullptr, 0), OSSL_PARAM_END};
  if ((selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) == 0) return nullptr;
  if (Type == KeyType::kEd25519) return kEd25519;
  return Type == KeyType::kRsa ? kRsa : kEc;
}

template <typename Setter, typename... Value>
bool SetIfAsked(OSSL_PARAM params[], const char* name, Setter set, Value... value) {
  OSSL_PARAM* param = OSSL_PARAM_locate(params, name);
  return param == nullptr || set(param, value...) == 1;
}

bool SetInteger(OSSL_PARAM params[], const char* name, const Bytes& value) {
  OSSL_PARAM* param = OSSL_PARAM_locate(params, name);
  if (param == nullptr) return true;
  const BigNumPtr number(BN_bin2bn(value.data(), static_cast<int>(value.size()), nullptr));
  return number && OSSL_PARAM_set_BN(param, number.get()) == 1;
}

/// Ed25519 forbids naming a digest, which OpenSSL spells as a mandatory digest without a name.
bool SetDigest(OSSL_PARAM params[], KeyType type) {
  return type == KeyType::kEd25519
             ? SetIfAsked(params, OSSL_PKEY_PARAM_MANDATORY_DIGEST, OSSL_PARAM_set_utf8_string, "")
             : SetIfAsked(params, OSSL_PKEY_PARAM_DEFAULT_DIGEST, OSSL_PARAM_set_utf8_string,
                          "SHA256");
}

int GetKeyParams(void* keydata, OSSL_PARAM params[]) noexcept {
  const PublicKey& key = static_cast<const Key*>(keydata)->public_key;
  const bool common =
      SetIfAsked(params, OSSL_PKEY_PARAM_BITS, OSSL_PARAM_set_int, key.Bits()) &&
      SetIfAsked(params, OSSL_PKEY_PARAM_SECURITY_BITS, OSSL_PARAM_set_int, key.SecurityBits()) &&
      SetIfAsked(params, OSSL_PKEY_PARAM_MAX_SIZE, OSSL_PARAM_set_int, key.MaxSignatureSize()) &&
      SetDigest(params, key.type);
  if (!common) return 0;
  if (key.type == KeyType::kRsa) {
    return SetInteger(params, OSSL_PKEY_PARAM_RSA_N, key.modulus) &&
           SetInteger(params, OSSL_PKEY_PARAM_RSA_E, key.exponent);
  }
  const bool named =
      key.type == KeyType::kEd25519 ||
      SetIfAsked(params, OSSL_PKEY_PARAM_GROUP_NAME, OSSL_PARAM_set_utf8_string, key.group.c_str());
  return named &&
         SetIfAsked(params, OSSL_PKEY_PARAM_PUB_KEY, OSSL_PARAM_set_octet_string, key.point.data(),
                    key.point.size()) &&
         SetIfAsked(params, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, OSSL_PARAM_set_octet_string,
                    key.point.data(), key.point.size());
}

template <KeyType Type>
const OSSL_PARAM* GettableKeyParams(void* /*provider*/) noexcept {
  static const OSSL_PARAM kRsa[] = {
      OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, nullptr),
      OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, nullptr),
      OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, nullptr),
      OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_DEFAULT_DIGEST, nullptr, 0),
      OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_N, nullptr, 0),
      OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_E, nullptr, 0),
      OSSL_PARAM_END};
  static const OSSL_PARAM kEc[] = {
      OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, nullptr),
      OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, nullptr),
      OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, nullptr),
      OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_DEFAULT_DIGEST, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, nullptr, 0),
      OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, nullptr, 0),
      OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, nullptr, 0),
      OSSL_PARAM_END};
  static const OSSL_PARAM kEd25519[] = {
      OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, nullptr),
      OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, nullptr),
      OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, nullptr),
      OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_MANDATORY_DIGEST, nullptr, 0),
      OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, nullptr, 0),
      OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, nullptr, 0),
      OSSL_PARAM_END};
  if (Type == KeyType::kEd25519) return kEd25519;
  return Type == KeyType::kRsa ? kRsa : kEc;
}

template <KeyType Type>
void* InitGenerationOf(void* provider, int selection, const OSSL_PARAM params[]) noexcept {
  return InitGeneration(provider, Type, selection, params);
}

template <KeyType Type>
const char* QueryOperationName(int operation) noexcept {
  if (Type == KeyType::kRsa && operation == OSSL_OP_ASYM_CIPHER) return kRefusingCipherName;
  return Type == KeyType::kEc && operation == OSSL_OP_SIGNATURE ? "ECDSA" : TypeName(Type);
}

template <KeyType Type>
const OSSL_DISPATCH* KeymgmtTable() {
  // NOLINTNEXTLINE(readability-identifier-naming): clang-tidy 14 sees no constant in a template.
  static const OSSL_DISPATCH kTable[] = {
      Entry(OSSL_FUNC_KEYMGMT_NEW, New<Type>),
      Entry(OSSL_FUNC_KEYMGMT_LOAD, Load),
      Entry(OSSL_FUNC_KEYMGMT_FREE, Free),
      Entry(OSSL_FUNC_KEYMGMT_HAS, Has),
      Entry(OSSL_FUNC_KEYMGMT_MATCH, Match),
      Entry(OSSL_FUNC_KEYMGMT_IMPORT, Import<Type>),
      Entry(OSSL_FUNC_KEYMGMT_IMPORT_TYPES, PublicKeyTypes<Type>),
      Entry(OSSL_FUNC_KEYMGMT_EXPORT, Export),
      Entry(OSSL_FUNC_KEYMGMT_EXPORT_TYPES, PublicKeyTypes<Type>),
      Entry(OSSL_FUNC_KEYMGMT_GET_PARAMS, GetKeyParams),
      Entry(OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, GettableKeyParams<Type>),
      Entry(OSSL_FUNC_KEYMGMT_GEN_INIT, InitGenerationOf<Type>),
      Entry(OSSL_FUNC_KEYMGMT_GEN_SETTABLE_PARAMS, SettableForGeneration),
      Entry(OSSL_FUNC_KEYMGMT_GEN_SET_PARAMS, SetForGeneration),
      Entry(OSSL_FUNC_KEYMGMT_GEN, Generate),
      Entry(OSSL_FUNC_KEYMGMT_GEN_CLEANUP, CleanUpGeneration),
      Entry(OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, QueryOperationName<Type>),
      kEnd};
  return kTable;
}

}  // namespace

const OSSL_DISPATCH* RsaKeymgmt() { return KeymgmtTable<KeyType::kRsa>(); }
const OSSL_DISPATCH* EcKeymgmt() { return KeymgmtTable<KeyType::kEc>(); }
const OSSL_DISPATCH* Ed25519Keymgmt() { return KeymgmtTable<KeyType::kEd25519>(); }

}  // namespace credmint::provider
