// SPDX-License-Identifier: Apache-2.0
#include "enrolment/renewal_schedule.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/time_left.h"

namespace credmint {
namespace {

using std::chrono::seconds;

constexpr seconds kFirstDelay{60};
constexpr std::chrono::days kLongestDelay{1};
constexpr std::chrono::hours kLongestAfterEnd{1};
constexpr int kPartOfRest = 10;

seconds LongestDelay(seconds left) {
  if (left <= seconds(0)) return kLongestAfterEnd;
  return std::clamp<seconds>(left / kPartOfRest, kFirstDelay, kLongestDelay);
}

}  // namespace

Result<TimePoint> RenewalDue(const Certificate& leaf, std::optional<seconds> before) {
  const TimePoint::duration validity = leaf.NotAfter() - leaf.NotBefore();
  if (!before) return leaf.NotAfter() - validity / 3;
  if (*before <= validity / 2) return leaf.NotAfter() - *before;
  return Fail(ErrorCode::kUsage,
              fmt::format("{} before the end is more than half of the validity of {}",
                          InWords(*before), InWords(std::chrono::duration_cast<seconds>(validity))),
              "leave it out to renew when 2/3 of the validity are over");
}

seconds RenewalRetry(int failures_in_a_row, seconds left, double random) {
  const seconds longest = LongestDelay(left);
  seconds delay = kFirstDelay;
  for (int n = 1; n < failures_in_a_row && delay < longest; ++n) delay *= 2;
  const seconds half = std::min(delay, longest) / 2;
  return half + seconds(static_cast<seconds::rep>(static_cast<double>(half.count()) * random));
}

}  // namespace credmint
