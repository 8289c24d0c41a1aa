// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "base/guarded.h"
#include "base/secret.h"

namespace credmint::pkcs11 {

/// The known facts about the PINs of one token, in whichever slot it is. Lives as long as the
/// provider. Safe to share between threads.
class PinRecord {
 public:
  enum class Kind { kUser, kContext };

  /// Whether the token refused this PIN. A refused PIN is never sent again.
  [[nodiscard]] bool WasRefused(Kind kind, const Secret& pin) const;
  /// Records a refused PIN. Also forgets the remembered PIN if it is this one.
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
