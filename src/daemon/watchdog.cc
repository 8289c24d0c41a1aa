// SPDX-License-Identifier: Apache-2.0
#include "daemon/watchdog.h"

#include <algorithm>

namespace credmint::daemon {
namespace {

/// An idle turn takes one second.
constexpr std::chrono::seconds kLongestStandstill{3};

}  // namespace

bool Watchdog::IsContent() const {
  if (since_turn_() > kLongestStandstill) return false;
  const auto roles = roles_();
  return std::none_of(roles.begin(), roles.end(), [](const serve::RoleStatus& role) {
    return !role.state.has_valid && role.state.calling > role.longest_call;
  });
}

}  // namespace credmint::daemon
