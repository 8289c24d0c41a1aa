// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace credmint {

/// A number as TOML 1.0 writes it (16, 0x10, 1_000, 1.5e3, inf) as plain text: integers in decimal,
/// others as fmt writes a double. Nothing for all else, and for integers beyond 64 bits.
std::optional<std::string> ReadTomlNumber(std::string_view text);

/// Whether it begins as a date or a time of day does: 2026-01-31, 07:32:00.
bool HasShapeOfTomlTime(std::string_view text);

}  // namespace credmint
