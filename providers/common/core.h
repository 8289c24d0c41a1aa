// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/core.h>
#include <openssl/core_dispatch.h>

#include <cstddef>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/secret.h"
#include "ossl/handles.h"

namespace credmint::provider {

/// How a provider came into its application.
enum class Linkage { kBuiltin, kModule };

/// The OpenSSL that loaded a provider, as seen from inside it: the functions it offers us, and a
/// library context of our own on top of it (with OpenSSL's default provider, for hashing and
/// public-key arithmetic; never the application's).
class Core {
 public:
  /// `in` is the dispatch table given to OSSL_provider_init.
  Core(const OSSL_CORE_HANDLE* handle, const OSSL_DISPATCH* in, Linkage linkage);

  /// Pushes an error onto the application's error queue, and as a second entry its hint, or its
  /// remedy in RemedyWords().
  void Raise(const Error& error) const;

  /// All that is left in a core BIO; fails with kMalformed beyond `max_size` bytes.
  [[nodiscard]] Result<Secret> ReadAll(OSSL_CORE_BIO* bio, std::size_t max_size) const;

  /// A string from the provider's section in openssl.cnf, if it is set there.
  [[nodiscard]] std::optional<std::string> Setting(const char* name) const;

  [[nodiscard]] OSSL_LIB_CTX* context() const { return context_.get(); }

  /// Where to fetch digests. A provider that is built in shares the application's libcrypto and may
  /// use its library context (as OpenSSL's own do), where they have been fetched already: another
  /// first fetch would take a tenth of a short run.
  [[nodiscard]] OSSL_LIB_CTX* digest_context() const { return digest_context_; }

 private:
  void Push(int reason, const std::string& text) const;

  const OSSL_CORE_HANDLE* handle_;
  OSSL_FUNC_core_new_error_fn* new_error_ = nullptr;
  OSSL_FUNC_core_set_error_debug_fn* set_error_debug_ = nullptr;
  OSSL_FUNC_core_vset_error_fn* vset_error_ = nullptr;
  OSSL_FUNC_core_get_params_fn* get_params_ = nullptr;
  OSSL_FUNC_BIO_read_ex_fn* bio_read_ex_ = nullptr;
  LibCtxPtr context_;
  OSSL_LIB_CTX* digest_context_;
};

}  // namespace credmint::provider
