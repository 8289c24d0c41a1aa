// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mutex>
#include <optional>
#include <vector>

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

  mutable std::mutex mutex_;
  std::vector<Refused> refused_;
  std::optional<Secret> remembered_;
};

}  // namespace credmint::pkcs11
