// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "base/guarded.h"
#include "base/secret.h"

namespace credmint::pkcs11 {

/// What is known about the PINs of one token, whichever slot it is in, for as long as the provider
/// is loaded. Safe to share between threads.
class PinRecord {
 public:
  enum class Kind { kUser, kContext };

  /// Whether the token refused this PIN: then it is never sent again.
  [[nodiscard]] bool WasRefused(Kind kind, const Secret& pin) const;
  /// Also forgets the remembered PIN if it is this one.
  void Refuse(Kind kind, const Secret& pin);

  void Remember(const Secret& pin);
  [[nodiscard]] std::optional<Secret> Remembered() const;

 private:
  struct Refused {
    Kind kind;
    Secret pin;
  };

  struct Pins {
    std::vector<Refused> refused;
    std::optional<Secret> remembered;
  };

  mutable Guarded<Pins> pins_;
};

}  // namespace credmint::pkcs11
