// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/provider_context.h"
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

  [[nodiscard]] SlotTable& slots() const { return slots_; }

 private:
  mutable SlotTable slots_;
};

}  // namespace credmint::pkcs11
