// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace credmint::test {

/// Ends the process unless a property holds. Unlike assert(), also in a release build.
inline void Require(bool holds, std::string_view property) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %.*s\n", static_cast<int>(property.size()), property.data());
  std::abort();
}

/// A text that a message shows: one line without control characters.
inline void RequireOneLine(std::string_view text, std::string_view property) {
  for (const char c : text) Require((c < '\0' || c >= ' ') && c != '\x7f', property);
}

}  // namespace credmint::test
