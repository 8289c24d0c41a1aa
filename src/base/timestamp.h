// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"

namespace credmint {

/// Timestamps as SigV4, JSON and HTTP write them, independent of the locale. Years before 1970 and
/// after 2261 (the end of TimePoint) are refused.

/// "20260131T120000Z", the form of X-Amz-Date (ISO 8601 basic, whole seconds, rounded down).
std::string FormatBasicTimestamp(TimePoint time);

/// "2026-01-31T12:00:00Z", the form SDKs read (RFC 3339, whole seconds, rounded down).
std::string FormatTimestamp(TimePoint time);

/// Parses a timestamp of RFC 3339 section 5.6: a date, a time, an optional fraction, and "Z" or a
/// numeric offset. Digits below a nanosecond are dropped. Fails with kMalformed.
Result<TimePoint> ParseTimestamp(std::string_view text);

/// Parses the IMF-fixdate of RFC 9110 section 5.6.7, "Sun, 06 Nov 1994 08:49:37 GMT". It is the
/// only form that may be generated today. Fails with kMalformed.
Result<TimePoint> ParseHttpDate(std::string_view text);

}  // namespace credmint
