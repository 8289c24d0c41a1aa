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

/// How the provider got into the application: linked in or loaded as a module.
enum class Linkage { kBuiltin, kModule };

/// The OpenSSL that loaded the provider, seen from inside the provider.
///
/// Offers OpenSSL's upcalls and a library context of the provider's own, never the application's.
/// That context holds OpenSSL's default provider, for hashing and public-key arithmetic. Where
/// openssl.cnf demands FIPS, it holds that provider instead (ossl/fips.h); context() is null if
/// that fails.
class Core {
 public:
  /// `in` is the dispatch table given to OSSL_provider_init.
  Core(const OSSL_CORE_HANDLE* handle, const OSSL_DISPATCH* in, Linkage linkage);

  /// Pushes an error onto the application's error queue. A second entry carries its hint, or its
  /// remedy in RemedyWords().
  void Raise(const Error& error) const;

  /// Reads a core BIO to its end. Fails with kMalformed beyond `max_size` bytes.
  [[nodiscard]] Result<Secret> ReadAll(OSSL_CORE_BIO* bio, std::size_t max_size) const;

  /// A string from the provider's section in openssl.cnf; nullopt if it is not set there.
  [[nodiscard]] std::optional<std::string> Setting(const char* name) const;

  /// Whether the provider's algorithms are found where `fips=yes` is asked for. In the program they
  /// are, because somebody named the device. For other programs the setting `assume-fips` says so.
  [[nodiscard]] bool assumes_fips() const { return assumes_fips_; }

  [[nodiscard]] bool is_builtin() const { return is_builtin_; }

  [[nodiscard]] OSSL_LIB_CTX* context() const { return context_.get(); }

  /// The context to fetch digests from. A built-in provider shares the application's libcrypto and
  /// uses its library context, as OpenSSL's own providers do. The digests are already fetched
  /// there; a first fetch elsewhere would take a tenth of a short run.
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
  bool is_builtin_;
  bool assumes_fips_ = false;
};

}  // namespace credmint::provider
