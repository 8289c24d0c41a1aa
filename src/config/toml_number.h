// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace credmint {

/// Converts a number in TOML 1.0 notation (16, 0x10, 1_000, 1.5e3, inf) to plain text: integers in
/// decimal, others as fmt formats a double. Returns nothing for other text, and for integers beyond
/// 64 bits.
std::optional<std::string> ReadTomlNumber(std::string_view text);

/// Whether the text begins like a date or a time of day: 2026-01-31, 07:32:00.
bool HasShapeOfTomlTime(std::string_view text);

}  // namespace credmint
