// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace credmint {

/// Parses a duration as people write it: "90m", "3600s", "1h30m", "0.5s", "7d". Each of the units
/// d, h, m and s occurs at most once, the largest first. Its number has at most nine digits and
/// three decimals. Returns nothing for other text, also for a number without a unit.
std::optional<std::chrono::milliseconds> ParseDuration(std::string_view text);

}  // namespace credmint
