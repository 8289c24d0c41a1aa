// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

#include "base/error.h"

namespace credmint {

/// When credentials are replaced, as pure functions: chance and time are arguments.
///
/// SDKs ask for new credentials from 15 minutes before the old ones expire, and stretch what comes
/// with less left (CONTRACT sections 5 and 6.4): the new ones have to be there before that.

/// How long before they expire credentials are replaced, which arrived with `lifetime` left: an
/// hour where that is at least 90 minutes; else when half of it is left, but no sooner than 25 and
/// no later than 5 minutes before they expire.
std::chrono::milliseconds RefreshLead(std::chrono::milliseconds lifetime);

/// Credentials that live so short that half of it is later than RefreshLead allows.
bool IsShort(std::chrono::milliseconds lifetime);

/// The shortest time from a call that brought credentials to the next. A second; but a service that
/// sends short ones is asked 15 s later, then 30 s, up to five minutes, though never later than
/// with half of their life left. `short_in_a_row` counts such answers, this one too; 0: not short.
std::chrono::milliseconds SpacingAfterSuccess(std::chrono::milliseconds lifetime,
                                              int short_in_a_row);

/// The time from a failed call to the next: a second (four when the service throttles or has a
/// fault), doubled with each further failure up to a minute, of which the second half is left to
/// chance (`random` is from [0, 1)). At least a second in any case, and at least what the service
/// asks for, up to five minutes. `failures_in_a_row` counts this one too. After kLockedOut it is
/// the device's recovery time, however long; ten minutes if that is not known.
std::chrono::milliseconds SpacingAfterFailure(const Error& error, int failures_in_a_row,
                                              double random);

/// How long to leave a device alone after kLockedOut.
std::chrono::milliseconds RecoveryTime(const Error& error);

/// A PIN was refused or is missing: another try without a new one costs a token its tries.
bool NeedsReload(ErrorCode code);

/// No two calls follow each other in less.
inline constexpr std::chrono::seconds kShortestSpacing{1};

}  // namespace credmint
