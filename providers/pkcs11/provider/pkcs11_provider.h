// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "common/key.h"
#include "common/key_generation.h"
#include "common/known_keys.h"
#include "common/passphrase_callback.h"
#include "common/provider_context.h"
#include "pkcs11/found_key.h"
#include "pkcs11/load_request.h"
#include "pkcs11/slot_table.h"

namespace credmint::pkcs11 {

/// The loaded provider. Owns the slots in use, and through them the modules.
class Pkcs11Provider final : public provider::ProviderContext {
 public:
  using ProviderContext::ProviderContext;

  /// Converts the context that OpenSSL passes to the provider's functions.
  static const Pkcs11Provider& From(void* context) {
    return static_cast<const Pkcs11Provider&>(*static_cast<ProviderContext*>(context));
  }

  [[nodiscard]] const char* description() const override { return "credmint PKCS#11 provider"; }

  [[nodiscard]] std::unique_ptr<provider::KeyGeneration> NewGeneration(
      provider::KeyType type) const override;

  [[nodiscard]] SlotTable& slots() const { return slots_; }
  [[nodiscard]] provider::KnownKeys<FoundKey>& known_keys() const { return known_keys_; }

  /// Fills in from the URI and openssl.cnf what a request leaves open.
  [[nodiscard]] LoadRequest Complete(LoadRequest request) const;

  /// Fails with kUsage if a URI from a file names another module than openssl.cnf does: a file must
  /// not decide which code runs.
  [[nodiscard]] Result<void> CheckModule(const Uri& uri) const;

  /// A request for what a URI names, and nothing else.
  [[nodiscard]] LoadRequest RequestFor(Uri uri) const;

  /// The private key at a URI. Fails as ObjectLoader.
  [[nodiscard]] Result<std::unique_ptr<provider::Key>> LoadKey(
      Uri uri, const provider::PassphraseCallback& passphrase) const;

 private:
  [[nodiscard]] std::string ConfiguredModule() const;

  mutable SlotTable slots_;
  mutable provider::KnownKeys<FoundKey> known_keys_;
};

}  // namespace credmint::pkcs11
