// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/clock.h"

namespace credmint {

/// The time until `end`, for people: "12 days", "40 hours", "5 minutes". The unit is the largest of
/// which there are two or more. After the end it is "0 minutes".
std::string TimeLeft(TimePoint end, TimePoint now);

}  // namespace credmint
