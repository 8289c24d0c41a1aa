// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace credmint {

struct CodePoint {
  std::uint32_t value = 0;
  std::size_t size = 0;  ///< in UTF-8, in bytes; 0 where no UTF-8 begins
};

/// The code point that `text`, which is not empty, begins with. RFC 3629: no overlong forms, no
/// surrogates, at most U+10FFFF.
CodePoint FirstCodePoint(std::string_view text);

/// Appends a code point of Unicode, which must be no surrogate and at most U+10FFFF.
void AppendUtf8(std::string& text, std::uint32_t code);

}  // namespace credmint
