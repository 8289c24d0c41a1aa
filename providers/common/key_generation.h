// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/core.h>

#include <memory>
#include <string>

#include "base/error.h"
#include "common/key.h"
#include "common/public_key.h"

namespace credmint::provider {

/// A key that OpenSSL asks a back end to make (EVP_PKEY_generate()), and its wishes about it. Not
/// for use by several threads at once.
class KeyGeneration {
 public:
  virtual ~KeyGeneration() = default;

  /// The parameters that Set() knows, ended by OSSL_PARAM_END.
  [[nodiscard]] virtual const OSSL_PARAM* Settable() const = 0;

  /// May be called several times; a later value replaces an earlier one.
  virtual Result<void> Set(const OSSL_PARAM params[]) = 0;

  /// Makes the key. Its Key::file leads to it again.
  [[nodiscard]] virtual Result<std::unique_ptr<Key>> Make() const = 0;
};

/// The type that a new key shall have, by OpenSSL's parameters.
class WantedType {
 public:
  explicit WantedType(KeyType type) : type_(type) {}

  void Set(const OSSL_PARAM params[]);

  /// The name that back ends have for it, such as "ec-p256". RSA has 2048 bits unless told
  /// otherwise. Fails with kUsage for EC without a known group.
  [[nodiscard]] Result<std::string> Name() const;

 private:
  KeyType type_;
  std::string group_;
  std::size_t bits_ = 2048;
};

/// The generating functions of a KEYMGMT (provider-keymgmt(7)), for ProviderContext's
/// NewGeneration(). A back end that makes no keys in this way fails at the first. So do all in our
/// program, which makes keys through their stores.
void* InitGeneration(void* context, KeyType type, int selection,
                     const OSSL_PARAM params[]) noexcept;
const OSSL_PARAM* SettableForGeneration(void* generation, void* context) noexcept;
int SetForGeneration(void* generation, const OSSL_PARAM params[]) noexcept;
void* Generate(void* generation, OSSL_CALLBACK* callback, void* argument) noexcept;
void CleanUpGeneration(void* generation) noexcept;

}  // namespace credmint::provider
