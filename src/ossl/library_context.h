// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/core.h>

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/sandbox_rules.h"
#include "ossl/handles.h"

namespace credmint {

class Stores;

/// Which module or device a store needs; empty if it needs none. If the library context has Stores
/// (stores.h), they open the stores of devices.
struct StoreDevice {
  std::string name;                    ///< differs between devices
  std::string shown;                   ///< for messages: "the TPM"
  std::vector<std::string> providers;  ///< to load first, if it is none of ours
  SandboxRules sandbox = {};           ///< of the process that opens it
};

/// A provider whose code is linked into the program.
struct BuiltinProvider {
  const char* name;
  OSSL_provider_init_fn* init;
};

/// The program's own OpenSSL context: a private OSSL_LIB_CTX with the default provider, our
/// built-in providers, and those that the user named. The process's global context and its engines
/// are not touched. openssl.cnf decides one thing: where it demands FIPS, that replaces the default
/// provider (fips.h).
///
/// Must outlive everything fetched or loaded from it: freeing the context before an EVP_PKEY
/// crashes OpenSSL 3.0 (HARDWARE). It is therefore a command's first object. Destroying it unloads
/// the providers, which log out of tokens and flush TPM keys.
class LibraryContext {
 public:
  /// Fails with kInternal, with kUsage if a provider in `extra` (names or module paths) cannot be
  /// loaded, or as ObeyFips().
  static Result<LibraryContext> Create(std::span<const BuiltinProvider> builtin,
                                       std::span<const std::string> extra = {});

  /// The same context in the child of a fork. It must never be destroyed there.
  static LibraryContext InChild(OSSL_LIB_CTX* context);

  /// Adds providers of the program, as `builtin` of Create().
  Result<void> LoadBuiltin(std::span<const BuiltinProvider> builtin);

  /// Loads further providers, as `extra` of Create().
  Result<void> LoadProviders(std::span<const std::string> names);

  /// Looks up what a TLS handshake on another thread and this thread's signatures have in common.
  /// When several threads ask OpenSSL 3.0 first at the same time, it may permanently find no
  /// implementation.
  void FetchForThreads() const;

  /// Leaves the memory of OpenSSL to the system when the program ends, instead of freeing it piece
  /// by piece, which takes longer. Only where no provider in it has a device open.
  void LeaveToSystem() { is_left_ = true; }

  [[nodiscard]] OSSL_LIB_CTX* get() const { return context_.get(); }

  /// Sets where the stores of devices are opened. Without it, that is this process. `other` is the
  /// device of stores for which no provider of ours is known; if it is empty, they are opened here.
  void SetStores(std::shared_ptr<Stores> stores, StoreDevice other);
  /// Null if this process opens everything.
  [[nodiscard]] Stores* stores() const { return stores_.get(); }
  [[nodiscard]] const StoreDevice& other_device() const { return other_device_; }

  LibraryContext(LibraryContext&&) = default;
  ~LibraryContext();
  LibraryContext& operator=(LibraryContext&&) = delete;  // would free the context too early

 private:
  LibraryContext() = default;

  Result<void> Load(const char* name, ErrorCode failure);
  void FetchKeyTypes();

  LibCtxPtr context_;
  std::vector<ProviderPtr> providers_;
  std::shared_ptr<Stores> stores_;
  StoreDevice other_device_;
  bool is_left_ = false;
};

}  // namespace credmint
