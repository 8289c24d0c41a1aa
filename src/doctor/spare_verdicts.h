// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "doctor/examination.h"
#include "doctor/examined_identity.h"
#include "roles/role.h"

namespace credmint::doctor {

/// Decides which failures of identities matter where roles have spares. A mint uses the first
/// identity that works, and gets past one only if its device is lost (IsDeviceLoss()). So a failure
/// that keeps no role from its credentials becomes a kWarn.
///
/// An identity that has another failure beside the loss of its device counts as broken: it would
/// not work with the device back either.
///
/// If a role has spares, checks are held back until Finish(), because those that come first may
/// depend on the last ones. Otherwise everything is passed on at once.
class SpareVerdicts {
 public:
  /// Both must outlive it.
  SpareVerdicts(const Observer& observer, std::span<const roles::Role> roles);

  /// For the checks of identities.
  [[nodiscard]] Observer observer();

  /// The identity that a mint of this role would use or fail with, as far as the checks so far
  /// tell.
  [[nodiscard]] std::shared_ptr<const IdentitySpec> InUse(const roles::Role& role) const;

  /// Reports what was held back, and which identity each role with spares would use.
  void Finish();

 private:
  enum class Health { kGood, kLost, kBroken };

  /// Where a mint ends.
  struct Choice {
    std::size_t index = 0;
    bool works = false;
  };

  void Note(const Check& check);
  [[nodiscard]] Choice Choose(const roles::Role& role) const;
  [[nodiscard]] bool Matters(const Check& check) const;
  [[nodiscard]] bool Matters(const Check& check, const roles::Role& role) const;
  void ReportChoice(const roles::Role& role) const;

  const Observer& observer_;
  const std::span<const roles::Role> roles_;
  bool has_spares_ = false;
  std::vector<Check> held_;
  std::map<std::string, Health> health_;  ///< by the name of the identity; absent: good
};

}  // namespace credmint::doctor
