// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/core.h>

#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "ossl/handles.h"

namespace credmint {

/// A provider whose code is linked into the program.
struct BuiltinProvider {
  const char* name;
  OSSL_provider_init_fn* init;
};

/// The program's own OpenSSL context: a private OSSL_LIB_CTX with the default provider, our
/// built-in providers, and those that the user named. The process's global context, openssl.cnf and
/// its engines are not touched.
///
/// Must outlive everything fetched or loaded from it: freeing the context before an EVP_PKEY
/// crashes OpenSSL 3.0 (HARDWARE). It is therefore a command's first object. Destroying it unloads
/// the providers, which log out of tokens and flush TPM keys.
class LibraryContext {
 public:
  /// Fails with kInternal, or with kUsage if a provider in `extra` (names or module paths) cannot
  /// be loaded.
  static Result<LibraryContext> Create(std::span<const BuiltinProvider> builtin,
                                       std::span<const std::string> extra = {});

  [[nodiscard]] OSSL_LIB_CTX* get() const { return context_.get(); }

  LibraryContext(LibraryContext&&) = default;
  LibraryContext& operator=(LibraryContext&&) = delete;  // would free the context too early

 private:
  LibraryContext() = default;

  LibCtxPtr context_;
  std::vector<ProviderPtr> providers_;
};

}  // namespace credmint
