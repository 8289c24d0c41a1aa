// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/provider_context.h"
#include "pkcs11/slot_table.h"

namespace credmint::pkcs11 {

/// The provider's context: the slots in use, and through them the modules.
class Pkcs11Provider : public provider::ProviderContext {
 public:
  using ProviderContext::ProviderContext;
  [[nodiscard]] const char* description() const override { return "credmint PKCS#11 provider"; }
  [[nodiscard]] SlotTable& slots() const { return slots_; }

 private:
  mutable SlotTable slots_;
};

}  // namespace credmint::pkcs11
