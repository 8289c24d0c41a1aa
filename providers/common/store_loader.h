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

/// One thing found in a module or a TPM.
struct ListedObject {
  std::string uri;          ///< selects it; empty if no reference can
  std::string description;  ///< a JSON object, one line
};

/// The objects that a URI led to, in the order in which OpenSSL gets them.
struct StoreObjects {
  std::vector<std::unique_ptr<Key>> keys;
  std::vector<Bytes> certificates;  ///< DER
  std::vector<ListedObject> inventory;
};

/// OpenSSL's loader context of a STORE (provider-storemgmt(7)): reads one URI, object by object.
/// Each of our STOREs derives its own, which interprets the parameters and finds the objects.
///
/// It searches once, at the first load. After a failed search, thrown exceptions included, it is at
/// its end.
class StoreLoader {
 public:
  explicit StoreLoader(const ProviderContext& provider) : provider_(provider) {}
  virtual ~StoreLoader() = default;
  StoreLoader(const StoreLoader&) = delete;
  StoreLoader& operator=(const StoreLoader&) = delete;

  Result<void> SetParams(const OSSL_PARAM params[]);
  /// Hands the next object to the callback and returns what the callback returned. Returns 1 if
  /// there is no further object, because OpenSSL treats 0 as a failure.
  Result<int> Load(OSSL_CALLBACK* object_callback, void* object_argument,
                   const PassphraseCallback& passphrase);
  [[nodiscard]] bool IsAtEnd() const;

  [[nodiscard]] const ProviderContext& provider() const { return provider_; }

 protected:
  /// The only OSSL_STORE_INFO type that is wanted, or 0 for any.
  [[nodiscard]] int expected() const { return expected_; }

 private:
  /// Applies parameters, which may come in several calls: absent ones keep their values.
  virtual Result<void> Set(const OSSL_PARAM params[]) = 0;
  virtual Result<StoreObjects> Find(const PassphraseCallback& passphrase) = 0;

  [[nodiscard]] std::size_t count() const;

  const ProviderContext& provider_;
  int expected_ = 0;
  bool looked_ = false;
  StoreObjects objects_;
  std::size_t next_ = 0;
};

/// Body of OSSL_FUNC_store_open and _attach. `make` returns a Result of a std::unique_ptr to a
/// class derived from StoreLoader.
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

/// The dispatch table of a STORE. Without `attach` it accepts URIs only.
std::array<OSSL_DISPATCH, 8> StoreTable(StoreOpen open, StoreSettable settable,
                                        StoreAttach attach = nullptr);

}  // namespace credmint::provider
