// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

#include "base/error.h"

namespace credmint {

/// Decides when to refresh credentials. Pure functions: chance and time are arguments.
///
/// SDKs ask for new credentials from 15 minutes before the old ones expire, and stretch credentials
/// with less time left (CONTRACT sections 5 and 6.4). New ones must arrive before that.

/// How long before their expiration to replace credentials that arrived with `lifetime` left. Half
/// of it, but at least an hour if `lifetime` is at least 90 minutes. For shorter ones at most 25
/// and at least 5 minutes. Chance makes it up to a quarter longer: `random`, in [0, 1), of that
/// quarter. So machines that minted in one moment drift apart.
std::chrono::milliseconds RefreshLead(std::chrono::milliseconds lifetime, double random);

/// Whether half of the lifetime is less than the shortest RefreshLead().
bool IsShort(std::chrono::milliseconds lifetime);

/// The shortest delay from a successful call to the next: one second. After short credentials it is
/// 15 s, then 30 s, doubling up to five minutes, but never beyond half of their life.
/// `short_in_a_row` counts such answers, including this one; 0: not short.
std::chrono::milliseconds SpacingAfterSuccess(std::chrono::milliseconds lifetime,
                                              int short_in_a_row);

/// The delay from a failed call to the next. `failures_in_a_row` counts this failure too; `random`
/// is in [0, 1).
///
/// - It starts at one second, or at four if the service throttles or has a fault. It doubles with
///   each further failure, up to a minute. For a device that fails it ends at five seconds. Its
///   second half is random.
/// - It is at least one second, and at least what the service asks for, up to five minutes.
/// - After kLockedOut it is RecoveryTime(), however long.
std::chrono::milliseconds SpacingAfterFailure(const Error& error, int failures_in_a_row,
                                              double random);

/// How long after a scheduled call failed the service may be left alone, because the present
/// credentials are good for another `left`. A time below `random` times what is left beyond 30
/// minutes, after a busy service or the third failure in a row. Zero: do not wait for that.
///
/// It is for failures of the service, and of the way there. The calls that an outage puts off then
/// come back over hours instead of in its first minute. A fleet would meet the service's limit.
std::chrono::milliseconds Patience(const Error& error, int failures_in_a_row,
                                   std::chrono::milliseconds left, double random);

/// How long to leave a device alone after kLockedOut: its recovery time, or ten minutes if unknown.
std::chrono::milliseconds RecoveryTime(const Error& error);

/// Whether a PIN was refused or is missing. Retrying without a new one would use up the token's
/// tries.
bool NeedsReload(ErrorCode code);

/// The shortest delay between any two calls.
inline constexpr std::chrono::seconds kShortestSpacing{1};

}  // namespace credmint
