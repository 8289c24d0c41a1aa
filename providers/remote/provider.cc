// SPDX-License-Identifier: Apache-2.0
#include "common/provider.h"

#include <openssl/core_dispatch.h>

#include "builtin.h"
#include "common/ed25519_signature.h"
#include "common/keymgmt.h"
#include "common/signature.h"
#include "remote/store.h"

namespace credmint::remote {
namespace {

using provider::kEcdsaNames;
using provider::kEcNames;
using provider::kEd25519Names;
using provider::kNoMore;
using provider::kRsaNames;

constexpr const char* kProperties = "provider=credmint-remote";

/// The loaded provider.
class RemoteProvider final : public provider::ProviderContext {
 public:
  using ProviderContext::ProviderContext;

  [[nodiscard]] const char* description() const override {
    return "credmint provider of keys in other processes";
  }
};

const OSSL_ALGORITHM* QueryOperation(void* /*context*/, int operation, int* no_cache) noexcept {
  static const OSSL_ALGORITHM kStores[] = {
      {"credmint-remote", kProperties, Store(), "keys in other processes"}, kNoMore};
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

}  // namespace
}  // namespace credmint::remote

extern "C" int credmint_remote_provider_init(const OSSL_CORE_HANDLE* handle,
                                             const OSSL_DISPATCH* in, const OSSL_DISPATCH** out,
                                             void** provctx) {
  using credmint::remote::QueryOperation;
  return credmint::provider::InitProvider<credmint::remote::RemoteProvider, QueryOperation>(
      handle, in, out, provctx, credmint::provider::Linkage::kBuiltin);
}
