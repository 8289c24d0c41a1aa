// SPDX-License-Identifier: Apache-2.0
#include "common/provider.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>

#include <memory>

#include "builtin.h"
#include "common/dispatch.h"
#include "common/ed25519_signature.h"
#include "common/keymgmt.h"
#include "common/signature.h"
#include "pkcs11/pkcs11_provider.h"
#include "pkcs11/store.h"

namespace credmint::pkcs11 {
namespace {

using provider::Entry;

constexpr const char* kProperties = "provider=credmint-pkcs11";
constexpr const char* kEd25519Names = "ED25519:1.3.101.112";

const OSSL_ALGORITHM* QueryOperation(void* /*context*/, int operation, int* no_cache) {
  static const OSSL_ALGORITHM kStores[] = {{"pkcs11", kProperties, Store(), "PKCS#11 URIs"},
                                           {nullptr, nullptr, nullptr, nullptr}};
  static const OSSL_ALGORITHM kKeymgmts[] = {
      {"RSA:rsaEncryption:1.2.840.113549.1.1.1", kProperties, provider::RsaKeymgmt(), "RSA keys"},
      {"EC:id-ecPublicKey:1.2.840.10045.2.1", kProperties, provider::EcKeymgmt(), "EC keys"},
      {kEd25519Names, kProperties, provider::Ed25519Keymgmt(), "Ed25519 keys"},
      {nullptr, nullptr, nullptr, nullptr}};
  static const OSSL_ALGORITHM kSignatures[] = {
      {"RSA:rsaEncryption:1.2.840.113549.1.1.1", kProperties, provider::RsaSignature(),
       "RSA PKCS#1 and PSS"},
      {"ECDSA", kProperties, provider::EcdsaSignature(), "ECDSA"},
      {kEd25519Names, kProperties, provider::Ed25519Signature(), "Ed25519"},
      {nullptr, nullptr, nullptr, nullptr}};
  *no_cache = 0;
  switch (operation) {
    case OSSL_OP_STORE:
      return kStores;
    case OSSL_OP_KEYMGMT:
      return kKeymgmts;
    case OSSL_OP_SIGNATURE:
      return kSignatures;
    default:
      return nullptr;
  }
}

int Init(const OSSL_CORE_HANDLE* handle, const OSSL_DISPATCH* in, const OSSL_DISPATCH** out,
         void** provctx, provider::Linkage linkage) {
  static const OSSL_DISPATCH kTable[] = {
      Entry(OSSL_FUNC_PROVIDER_QUERY_OPERATION, QueryOperation),
      Entry(OSSL_FUNC_PROVIDER_TEARDOWN, provider::Teardown),
      Entry(OSSL_FUNC_PROVIDER_GETTABLE_PARAMS, provider::GettableParams),
      Entry(OSSL_FUNC_PROVIDER_GET_PARAMS, provider::GetParams),
      Entry(OSSL_FUNC_PROVIDER_GET_REASON_STRINGS, provider::ReasonStrings),
      provider::kEnd};
  provider::ProviderContext* context = new (std::nothrow) Pkcs11Provider(handle, in, linkage);
  if (context == nullptr) return 0;
  *provctx = context;
  *out = kTable;
  return 1;
}

}  // namespace
}  // namespace credmint::pkcs11

extern "C" int credmint_pkcs11_provider_init(const OSSL_CORE_HANDLE* handle,
                                             const OSSL_DISPATCH* in, const OSSL_DISPATCH** out,
                                             void** provctx) {
  return credmint::pkcs11::Init(handle, in, out, provctx, credmint::provider::Linkage::kBuiltin);
}

extern "C" int credmint_pkcs11_module_init(const OSSL_CORE_HANDLE* handle, const OSSL_DISPATCH* in,
                                           const OSSL_DISPATCH** out, void** provctx) {
  return credmint::pkcs11::Init(handle, in, out, provctx, credmint::provider::Linkage::kModule);
}
