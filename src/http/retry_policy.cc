// SPDX-License-Identifier: Apache-2.0
#include "http/retry_policy.h"

#include <strings.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

#include "base/timestamp.h"

namespace credmint {
namespace {

using std::chrono::milliseconds;

constexpr std::array<int, 6> kRetryableStatus = {429, 500, 502, 503, 504, 509};

constexpr std::array<const char*, 16> kRetryableCodes = {
    "RequestTimeout",
    "RequestTimeoutException",
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottled",
    "RequestThrottledException",
    "TooManyRequestsException",
    "ProvisionedThroughputExceededException",
    "TransactionInProgressException",
    "RequestLimitExceeded",
    "BandwidthLimitExceeded",
    "LimitExceededException",
    "SlowDown",
    "PriorRequestNotComplete",
    "EC2ThrottledException",
};

constexpr milliseconds kFirstDelay{500};

}  // namespace

bool IsRetryable(int status, std::string_view service_code) {
  const std::string code(service_code);
  return std::find(kRetryableStatus.begin(), kRetryableStatus.end(), status) !=
             kRetryableStatus.end() ||
         std::any_of(kRetryableCodes.begin(), kRetryableCodes.end(),
                     [&code](const char* each) { return strcasecmp(each, code.c_str()) == 0; });
}

bool IsRetryable(ErrorCode code) {
  return code == ErrorCode::kNetwork || code == ErrorCode::kTimeout ||
         code == ErrorCode::kServiceBusy;
}

milliseconds RetryDelay(int attempt, double random, std::optional<milliseconds> retry_after) {
  milliseconds range = kFirstDelay;
  for (int n = 2; n < attempt && range < kMaxRetryDelay; ++n) range *= 2;
  range = std::min(range, kMaxRetryDelay);
  const milliseconds jittered(
      static_cast<milliseconds::rep>(static_cast<double>(range.count()) * random));
  return std::clamp(retry_after.value_or(milliseconds(0)), jittered, kMaxRetryDelay);
}

std::optional<milliseconds> ParseRetryAfter(std::string_view value, TimePoint now) {
  unsigned seconds = 0;
  const char* const end = value.data() + value.size();
  const auto [stop, error] = std::from_chars(value.data(), end, seconds);
  if (stop == end && error == std::errc()) return std::chrono::seconds(seconds);
  const Result<TimePoint> date = ParseHttpDate(value);
  if (!date) return std::nullopt;
  return std::max(std::chrono::duration_cast<milliseconds>(*date - now), milliseconds(0));
}

}  // namespace credmint
