// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/core.h>

#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "common/key.h"
#include "common/passphrase_callback.h"

namespace credmint::provider {

/// One thing that a module or a TPM shows.
struct ListedObject {
  std::string uri;          ///< selects it, as far as a reference can; else empty
  std::string description;  ///< a JSON object, one line
};

/// What a URI led to, in the order in which OpenSSL is given it.
struct StoreObjects {
  std::vector<std::unique_ptr<Key>> keys;
  std::vector<Bytes> certificates;  ///< DER
  std::vector<ListedObject> inventory;
};

/// What OpenSSL calls the loader context of a STORE (provider-storemgmt(7)): one URI being read,
/// object after object. Each STORE of ours derives its own, which knows what its parameters mean
/// and what the URI leads to.
///
/// It looks once, at the first load. If that fails, by an exception too, it is at its end.
class StoreLoader {
 public:
  explicit StoreLoader(const ProviderContext& provider) : provider_(provider) {}
  virtual ~StoreLoader() = default;
  StoreLoader(const StoreLoader&) = delete;
  StoreLoader& operator=(const StoreLoader&) = delete;

  Result<void> SetParams(const OSSL_PARAM params[]);
  /// Hands out the next object, and returns what the callback returned. If there is none, 1:
  /// OpenSSL takes 0 for a failure.
  Result<int> Load(OSSL_CALLBACK* object_callback, void* object_argument,
                   const PassphraseCallback& passphrase);
  [[nodiscard]] bool IsAtEnd() const;

  [[nodiscard]] const ProviderContext& provider() const { return provider_; }

 protected:
  /// An OSSL_STORE_INFO type that alone is wanted, or 0 for anything.
  [[nodiscard]] int expected() const { return expected_; }

 private:
  /// Parameters may come in parts: what is not among them stays as it is.
  virtual Result<void> Set(const OSSL_PARAM params[]) = 0;
  virtual Result<StoreObjects> Find(const PassphraseCallback& passphrase) = 0;

  [[nodiscard]] std::size_t count() const;

  const ProviderContext& provider_;
  int expected_ = 0;
  bool looked_ = false;
  StoreObjects objects_;
  std::size_t next_ = 0;
};

/// For OSSL_FUNC_store_open and _attach: `make` returns a Result of a std::unique_ptr to what
/// derives from StoreLoader.
template <typename Make>
void* OpenStore(const ProviderContext& provider, Make&& make) noexcept {
  return Callback(provider, static_cast<void*>(nullptr), [&]() -> Result<void*> {
    auto made = std::forward<Make>(make)();
    if (!made) return Fail(std::move(made));
    StoreLoader* loader = made->release();  // the void pointers are pointers to the base
    return loader;
  });
}

using StoreOpen = void* (*)(void* provider, const char* uri) noexcept;
using StoreSettable = const OSSL_PARAM* (*)(void* provider) noexcept;
using StoreAttach = void* (*)(void* provider, OSSL_CORE_BIO* bio) noexcept;

/// The table of a STORE; without `attach` it takes URIs only.
std::array<OSSL_DISPATCH, 8> StoreTable(StoreOpen open, StoreSettable settable,
                                        StoreAttach attach = nullptr);

}  // namespace credmint::provider
