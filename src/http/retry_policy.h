// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"

namespace credmint {

/// Decides whether and when to retry, by the rules of the AWS SDKs' "standard" mode (CONTRACT
/// section 1.3). Pure functions: chance and time are arguments.

/// Whether an answer with this status and error code means throttling or a server fault. The code
/// is as cleaned by ParseServiceError(); its case is ignored.
bool IsRetryable(int status, std::string_view service_code);

/// Whether a failure may be temporary: the network, a timeout, a busy service.
bool IsRetryable(ErrorCode code);

/// The longest delay before an attempt, regardless of what the service asks for.
inline constexpr std::chrono::milliseconds kMaxRetryDelay{5000};

/// Returns the delay before attempt number `attempt`; the first retry is number 2. The delay is
/// `random`, in [0, 1), times 500 ms, doubled with every further attempt. It is at least
/// `retry_after` and never more than kMaxRetryDelay.
std::chrono::milliseconds RetryDelay(int attempt, double random,
                                     std::optional<std::chrono::milliseconds> retry_after);

/// Parses a Retry-After header (RFC 9110 section 10.2.3): a number of seconds, or a date relative
/// to `now`. Returns zero for a date that has passed, and nothing for any other text.
std::optional<std::chrono::milliseconds> ParseRetryAfter(std::string_view value, TimePoint now);

}  // namespace credmint
