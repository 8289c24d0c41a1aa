// SPDX-License-Identifier: Apache-2.0
#include "base/time_left.h"

#include <fmt/format.h>

#include <algorithm>

namespace credmint {

std::string TimeLeft(TimePoint end, TimePoint now) {
  const auto left = std::max(end - now, TimePoint::duration::zero());
  const auto days = std::chrono::floor<std::chrono::days>(left).count();
  if (days >= 2) return fmt::format("{} days", days);
  const auto hours = std::chrono::floor<std::chrono::hours>(left).count();
  if (hours >= 2) return fmt::format("{} hours", hours);
  const auto minutes = std::chrono::floor<std::chrono::minutes>(left).count();
  return fmt::format("{} minute{}", minutes, minutes == 1 ? "" : "s");
}

}  // namespace credmint
