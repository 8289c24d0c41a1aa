// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <exception>
#include <memory>
#include <utility>

#include "base/error.h"
#include "common/core.h"
#include "common/digest_table.h"

namespace credmint::provider {

class KeyGeneration;
enum class KeyType;

/// OpenSSL's "provctx", one per loaded provider. Each provider derives its own, which holds the
/// module or TPM connections that its keys share.
///
/// Every void pointer to it that passes through OpenSSL is a pointer to this base class.
class ProviderContext {
 public:
  ProviderContext(const OSSL_CORE_HANDLE* handle, const OSSL_DISPATCH* in, Linkage linkage)
      : core_(handle, in, linkage), digests_(core_.digest_context()) {}
  virtual ~ProviderContext() = default;
  ProviderContext(const ProviderContext&) = delete;
  ProviderContext& operator=(const ProviderContext&) = delete;

  /// The name that `openssl list -providers` shows.
  [[nodiscard]] virtual const char* description() const = 0;
  /// A key of this type that OpenSSL will have made; null if the provider makes none in this way.
  [[nodiscard]] virtual std::unique_ptr<KeyGeneration> NewGeneration(KeyType type) const;
  [[nodiscard]] const Core& core() const { return core_; }
  [[nodiscard]] DigestTable& digests() const { return digests_; }

 private:
  Core core_;
  mutable DigestTable digests_;
};

/// Runs the body of a callback that can fail. `body` returns a Result<T>.
///
/// A failure, or anything that a library throws, is raised into the application's error queue, and
/// the callback returns `failed`. No exception crosses into C.
template <typename T, typename Body>
T Callback(const ProviderContext& provider, T failed, Body&& body) noexcept {
  try {
    Result<T> result = std::forward<Body>(body)();
    if (result) return *std::move(result);
    provider.core().Raise(result.error());
  } catch (const std::exception& exception) {
    provider.core().Raise(Error{ErrorCode::kInternal, exception.what(), {}});
  }
  return failed;
}

}  // namespace credmint::provider
