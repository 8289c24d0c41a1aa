// SPDX-License-Identifier: Apache-2.0
#include "common/provider.h"

#include <openssl/core_dispatch.h>

#include "builtin.h"
#include "common/ed25519_signature.h"
#include "common/keymgmt.h"
#include "common/signature.h"
#include "pkcs11/provider/pkcs11_provider.h"
#include "pkcs11/provider/store.h"

namespace credmint::pkcs11 {
namespace {

using provider::kEcdsaNames;
using provider::kEcNames;
using provider::kEd25519Names;
using provider::kNoMore;
using provider::kRsaNames;

constexpr const char* kProperties = "provider=credmint-pkcs11";

const OSSL_ALGORITHM* QueryOperation(void* /*context*/, int operation, int* no_cache) noexcept {
  static const OSSL_ALGORITHM kStores[] = {{"pkcs11", kProperties, Store(), "PKCS#11 URIs"},
                                           kNoMore};
  static const OSSL_ALGORITHM kKeymgmts[] = {
      {kRsaNames, kProperties, provider::RsaKeymgmt(), "RSA keys"},
      {kEcNames, kProperties, provider::EcKeymgmt(), "EC keys"},
      {kEd25519Names, kProperties, provider::Ed25519Keymgmt(), "Ed25519 keys"},
      kNoMore};
  static const OSSL_ALGORITHM kSignatures[] = {
      {kRsaNames, kProperties, provider::RsaSignature(), "RSA PKCS#1 and PSS"},
      {kEcdsaNames, kProperties, provider::EcdsaSignature(), "ECDSA"},
      {kEd25519Names, kProperties, provider::Ed25519Signature(), "Ed25519"},
      kNoMore};
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

constexpr auto* kInit = provider::InitProvider<Pkcs11Provider, QueryOperation>;

}  // namespace
}  // namespace credmint::pkcs11

extern "C" int credmint_pkcs11_provider_init(const OSSL_CORE_HANDLE* handle,
                                             const OSSL_DISPATCH* in, const OSSL_DISPATCH** out,
                                             void** provctx) {
  return credmint::pkcs11::kInit(handle, in, out, provctx, credmint::provider::Linkage::kBuiltin);
}

extern "C" int credmint_pkcs11_module_init(const OSSL_CORE_HANDLE* handle, const OSSL_DISPATCH* in,
                                           const OSSL_DISPATCH** out, void** provctx) {
  return credmint::pkcs11::kInit(handle, in, out, provctx, credmint::provider::Linkage::kModule);
}
