// SPDX-License-Identifier: Apache-2.0
#include "common/provider.h"

#include <openssl/core_dispatch.h>

#include "builtin.h"
#include "common/signing_algorithms.h"
#include "remote/store.h"

namespace credmint::remote {
namespace {

constexpr char kProperties[] = "provider=credmint-remote,fips=yes";

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
      {"credmint-remote", kProperties, Store(), "keys in other processes"}, provider::kNoMore};
  *no_cache = 0;
  return operation == OSSL_OP_STORE ? kStores : provider::SigningAlgorithms<kProperties>(operation);
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
