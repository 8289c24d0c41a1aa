// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"

namespace credmint {

/// What is worth a second attempt, and when, by the rules of AWS SDKs' "standard" mode (CONTRACT
/// section 1.3). Pure functions: chance and time are arguments.

/// An answer with this status and this error code (as cleaned by ParseServiceError, case ignored)
/// means throttling or a server fault.
bool IsRetryable(int status, std::string_view service_code);

/// A failure that may not happen again: the network, a timeout, a busy service.
bool IsRetryable(ErrorCode code);

/// Longest wait before an attempt, whatever the service asks for.
inline constexpr std::chrono::milliseconds kMaxRetryDelay{5000};

/// How long to wait before attempt number `attempt`, the first retry being number 2: a random part
/// (`random` is from [0, 1)) of 500 ms, doubled with every further attempt, but at least
/// `retry_after`, and never more than kMaxRetryDelay.
std::chrono::milliseconds RetryDelay(int attempt, double random,
                                     std::optional<std::chrono::milliseconds> retry_after);

/// A Retry-After header (RFC 9110 section 10.2.3): a number of seconds, or a date, which counts
/// from `now`. Nothing for a text that is neither; zero for a date that has passed.
std::optional<std::chrono::milliseconds> ParseRetryAfter(std::string_view value, TimePoint now);

}  // namespace credmint
