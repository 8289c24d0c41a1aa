// SPDX-License-Identifier: Apache-2.0
#include "base/time_left.h"

#include <fmt/format.h>

#include <algorithm>

namespace credmint {

std::string InWords(std::chrono::seconds span) {
  const auto size = std::chrono::abs(span);
  const auto days = std::chrono::floor<std::chrono::days>(size).count();
  if (days >= 2) return fmt::format("{} days", days);
  const auto hours = std::chrono::floor<std::chrono::hours>(size).count();
  if (hours >= 2) return fmt::format("{} hours", hours);
  const auto minutes = std::chrono::floor<std::chrono::minutes>(size).count();
  if (minutes >= 2) return fmt::format("{} minutes", minutes);
  return fmt::format("{} second{}", size.count(), size.count() == 1 ? "" : "s");
}

std::string TimeLeft(TimePoint end, TimePoint now) {
  const auto left = std::max(end - now, TimePoint::duration::zero());
  return InWords(std::chrono::duration_cast<std::chrono::seconds>(left));
}

}  // namespace credmint
