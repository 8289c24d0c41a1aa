// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/core.h>
#include <openssl/core_dispatch.h>

#include <exception>
#include <memory>

#include "common/dispatch.h"
#include "common/provider_context.h"

/// The functions of provider(7) that all our providers share.
namespace credmint::provider {

/// OpenSSL's names of the algorithms, for the tables of OSSL_FUNC_PROVIDER_QUERY_OPERATION.
inline constexpr const char* kRsaNames = "RSA:rsaEncryption:1.2.840.113549.1.1.1";
inline constexpr const char* kEcNames = "EC:id-ecPublicKey:1.2.840.10045.2.1";
inline constexpr const char* kEcdsaNames = "ECDSA";
inline constexpr const char* kEd25519Names = "ED25519:1.3.101.112";

/// The row that ends a table of algorithms.
inline constexpr OSSL_ALGORITHM kNoMore = {nullptr, nullptr, nullptr, nullptr};

void Teardown(void* context) noexcept;
const OSSL_PARAM* GettableParams(void* context) noexcept;
/// Answers name, version and status.
int GetParams(void* context, OSSL_PARAM params[]) noexcept;
/// The texts of ErrorCode, which `openssl` prints in front of a message.
const OSSL_ITEM* ReasonStrings(void* context) noexcept;

/// OSSL_provider_init of a provider with the context type `Context` and the algorithms that `Query`
/// returns. Fails silently when out of memory: there is no error queue to report to yet.
template <typename Context, auto Query>
int InitProvider(const OSSL_CORE_HANDLE* handle, const OSSL_DISPATCH* in, const OSSL_DISPATCH** out,
                 void** provctx, Linkage linkage) noexcept {
  // NOLINTNEXTLINE(readability-identifier-naming): clang-tidy 14 sees no constant in a template.
  static const OSSL_DISPATCH kTable[] = {
      Entry(OSSL_FUNC_PROVIDER_TEARDOWN, Teardown),
      Entry(OSSL_FUNC_PROVIDER_GETTABLE_PARAMS, GettableParams),
      Entry(OSSL_FUNC_PROVIDER_GET_PARAMS, GetParams),
      Entry(OSSL_FUNC_PROVIDER_QUERY_OPERATION, Query),
      Entry(OSSL_FUNC_PROVIDER_GET_REASON_STRINGS, ReasonStrings),
      kEnd};
  try {
    std::unique_ptr<ProviderContext> provider = std::make_unique<Context>(handle, in, linkage);
    if (provider->core().context() == nullptr) return 0;
    *out = kTable;
    *provctx = provider.release();
    return 1;
  } catch (const std::exception&) {
    return 0;
  }
}

}  // namespace credmint::provider
