// SPDX-License-Identifier: Apache-2.0
#include "common/provider.h"

#include <openssl/core_dispatch.h>

#include "builtin.h"
#include "common/signing_algorithms.h"
#include "pkcs11/provider/pkcs11_provider.h"
#include "pkcs11/provider/store.h"

namespace credmint::pkcs11 {
namespace {

constexpr char kProperties[] = "provider=credmint-pkcs11";
constexpr char kFipsProperties[] = "provider=credmint-pkcs11,fips=yes";

template <const char* Properties>
const OSSL_ALGORITHM* Algorithms(int operation) {
  // NOLINTNEXTLINE(readability-identifier-naming): clang-tidy 14 sees no constant in a template.
  static const OSSL_ALGORITHM kStores[] = {{"pkcs11", Properties, Store(), "PKCS#11 URIs"},
                                           provider::kNoMore};
  return operation == OSSL_OP_STORE ? kStores : provider::SigningAlgorithms<Properties>(operation);
}

const OSSL_ALGORITHM* QueryOperation(void* context, int operation, int* no_cache) noexcept {
  *no_cache = 0;
  return static_cast<provider::ProviderContext*>(context)->core().assumes_fips()
             ? Algorithms<kFipsProperties>(operation)
             : Algorithms<kProperties>(operation);
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
