// SPDX-License-Identifier: Apache-2.0
#include "credentials/refresh_plan.h"

#include <algorithm>

#include "credentials/refresh_schedule.h"

namespace credmint {

using std::chrono::milliseconds;

void RefreshPlan::Want() {
  wanted_ = true;
  urgent_ = true;
  stuck_ = false;
  failures_in_a_row_ = 0;
  not_before_ = std::min(not_before_, last_began_ + kShortestSpacing);
}

void RefreshPlan::Begin(Tick now) {
  wanted_ = false;
  last_began_ = now;
}

void RefreshPlan::Succeed(TimePoint expiration, Moment now, double random) {
  const auto lifetime = std::chrono::duration_cast<milliseconds>(expiration - now.date);
  stuck_ = false;
  urgent_ = wanted_;
  failures_in_a_row_ = 0;
  short_in_a_row_ = IsShort(lifetime) ? short_in_a_row_ + 1 : 0;
  refresh_at_ = expiration - RefreshLead(lifetime, random);
  not_before_ = now.stopwatch + SpacingAfterSuccess(lifetime, short_in_a_row_);
  if (wanted_) CallSoon();
}

void RefreshPlan::Fail(const Error& error, std::optional<TimePoint> expiration, Moment now,
                       double random) {
  if (wanted_) return CallSoon();  // the failure predates Want()
  ++failures_in_a_row_;
  stuck_ = NeedsReload(error.code);
  not_before_ = now.stopwatch + SpacingAfterFailure(error, failures_in_a_row_, random);
  refresh_at_ = TimePoint();
  if (urgent_ || !expiration) return;
  const auto left = std::chrono::duration_cast<milliseconds>(*expiration - now.date);
  const milliseconds patience = Patience(error, failures_in_a_row_, left, random);
  if (patience > milliseconds(0)) refresh_at_ = now.date + patience;
}

void RefreshPlan::CallSoon() { not_before_ = last_began_ + kShortestSpacing; }

std::optional<milliseconds> RefreshPlan::UntilNext(Moment now) const {
  if (stuck_) return std::nullopt;
  const auto allowed = std::chrono::ceil<milliseconds>(not_before_ - now.stopwatch);
  if (wanted_) return allowed;
  return std::max(allowed, std::chrono::ceil<milliseconds>(refresh_at_ - now.date));
}

}  // namespace credmint
