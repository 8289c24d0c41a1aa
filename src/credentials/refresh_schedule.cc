// SPDX-License-Identifier: Apache-2.0
#include "credentials/refresh_schedule.h"

#include <algorithm>

namespace credmint {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr minutes kLongLifetime{90};
constexpr minutes kShortestLongLead{60};
constexpr minutes kLatestLead{5};
constexpr minutes kEarliestLead{25};
constexpr int kSpreadOfLead = 4;  // a quarter

constexpr minutes kHurryBelow{30};
constexpr int kQuickRetries = 2;

constexpr seconds kFirstSpacingOfShort{15};
constexpr minutes kLongestSpacing{5};

constexpr seconds kFirstRetry{1};
constexpr seconds kFirstRetryOfBusy{4};
constexpr seconds kLongestRetry{60};
constexpr seconds kLongestRetryOfDevice{5};  // asking it again burdens nobody else
constexpr minutes kLongestRetryAfter{5};
constexpr minutes kUnknownRecovery{10};

/// Returns `first`, doubled for each of `times` after the first, and at most `longest`.
milliseconds Doubled(milliseconds first, int times, milliseconds longest) {
  milliseconds value = first;
  for (int n = 1; n < times && value < longest; ++n) value *= 2;
  return std::min(value, longest);
}

milliseconds Part(milliseconds whole, double random) {
  return milliseconds(static_cast<milliseconds::rep>(static_cast<double>(whole.count()) * random));
}

/// The service, or the way there.
bool IsOfService(ErrorCode code) {
  return code == ErrorCode::kNetwork || code == ErrorCode::kTimeout || code == ErrorCode::kTls ||
         code == ErrorCode::kServiceRefused || code == ErrorCode::kServiceBusy ||
         code == ErrorCode::kServiceAnswer;
}

bool IsOfDevice(ErrorCode code) {
  return code == ErrorCode::kDevice || code == ErrorCode::kDeviceLost ||
         code == ErrorCode::kModule || code == ErrorCode::kKeyNotFound ||
         code == ErrorCode::kTokenAbsent || code == ErrorCode::kModuleFailed;
}

}  // namespace

milliseconds RefreshLead(milliseconds lifetime, double random) {
  const milliseconds half = lifetime / 2;
  const milliseconds lead = lifetime >= kLongLifetime
                                ? std::max<milliseconds>(half, kShortestLongLead)
                                : std::clamp<milliseconds>(half, kLatestLead, kEarliestLead);
  return lead + Part(lead / kSpreadOfLead, random);
}

bool IsShort(milliseconds lifetime) { return lifetime / 2 < kLatestLead; }

milliseconds SpacingAfterSuccess(milliseconds lifetime, int short_in_a_row) {
  if (short_in_a_row == 0) return kShortestSpacing;
  const milliseconds spacing = Doubled(kFirstSpacingOfShort, short_in_a_row, kLongestSpacing);
  return std::max<milliseconds>(std::min(spacing, lifetime / 2), kShortestSpacing);
}

milliseconds RecoveryTime(const Error& error) {
  const bool is_known = error.retry_after > milliseconds(0);
  return std::max<milliseconds>(is_known ? error.retry_after : kUnknownRecovery, kShortestSpacing);
}

milliseconds SpacingAfterFailure(const Error& error, int failures_in_a_row, double random) {
  if (error.code == ErrorCode::kLockedOut) return RecoveryTime(error);
  const seconds first = error.code == ErrorCode::kServiceBusy ? kFirstRetryOfBusy : kFirstRetry;
  const seconds longest = IsOfDevice(error.code) ? kLongestRetryOfDevice : kLongestRetry;
  const milliseconds half = Doubled(first, failures_in_a_row, longest) / 2;
  const milliseconds asked_for = std::min<milliseconds>(error.retry_after, kLongestRetryAfter);
  return std::max({half + Part(half, random), asked_for, milliseconds(kShortestSpacing)});
}

milliseconds Patience(const Error& error, int failures_in_a_row, milliseconds left, double random) {
  const bool is_quick = error.code != ErrorCode::kServiceBusy && failures_in_a_row <= kQuickRetries;
  if (!IsOfService(error.code) || is_quick || left <= kHurryBelow) return milliseconds(0);
  return Part(left - kHurryBelow, random);
}

bool NeedsReload(ErrorCode code) {
  return code == ErrorCode::kPinRequired || code == ErrorCode::kContextPinRequired ||
         code == ErrorCode::kPinIncorrect || code == ErrorCode::kPinLocked;
}

}  // namespace credmint
