// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/clock.h"

namespace credmint {

/// A span of time for people: "12 days", "40 hours", "5 minutes", "90 seconds". The unit is the
/// largest of which there are two or more. Takes the absolute value.
std::string InWords(std::chrono::seconds span);

/// The time until `end` in words; after the end "0 seconds".
std::string TimeLeft(TimePoint end, TimePoint now);

}  // namespace credmint
