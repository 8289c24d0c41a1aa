// SPDX-License-Identifier: Apache-2.0
#include "ossl/library_context.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include "base/log.h"
#include "base/shown_value.h"
#include "ossl/error_queue.h"

namespace credmint {

Result<LibraryContext> LibraryContext::Create(std::span<const BuiltinProvider> builtin,
                                              std::span<const std::string> extra) {
  LibraryContext result;
  result.context_.reset(OSSL_LIB_CTX_new());
  if (!result.context_) return Fail(TakeOpensslError(ErrorCode::kInternal));

  const auto load = [&result](const char* name, ErrorCode failure) -> Result<void> {
    ProviderPtr provider(OSSL_PROVIDER_load(result.context_.get(), name));
    if (!provider) {
      const Error error = TakeOpensslError(failure);  // its message repeats the name
      if (DescribeUnshown(name).empty()) LogDebug(error.message);
      return Fail(failure, fmt::format("the OpenSSL provider {} cannot be loaded", Shown(name)),
                  "OpenSSL looks for its module in the folder that openssl version -m prints");
    }
    result.providers_.push_back(std::move(provider));
    return {};
  };

  if (auto loaded = load("default", ErrorCode::kInternal); !loaded) return Fail(std::move(loaded));
  for (const BuiltinProvider& provider : builtin) {
    if (OSSL_PROVIDER_add_builtin(result.context_.get(), provider.name, provider.init) != 1) {
      return Fail(TakeOpensslError(ErrorCode::kInternal));
    }
    if (auto loaded = load(provider.name, ErrorCode::kInternal); !loaded) {
      return Fail(std::move(loaded));
    }
  }
  for (const std::string& name : extra) {
    if (auto loaded = load(name.c_str(), ErrorCode::kUsage); !loaded) {
      return Fail(std::move(loaded));
    }
  }
  // Makes OpenSSL ask all providers for their key types while there is one thread. When several
  // threads ask first at the same time, OpenSSL 3.0 may permanently find no implementation of a
  // type.
  EVP_KEYMGMT_free(EVP_KEYMGMT_fetch(result.context_.get(), "EC", nullptr));
  return result;
}

}  // namespace credmint
