// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace credmint {

struct CodePoint {
  std::uint32_t value = 0;
  std::size_t size = 0;  ///< in bytes of UTF-8; 0 if the text does not begin with UTF-8
};

/// Decodes the first code point of `text`, which must not be empty. As in RFC 3629, overlong forms,
/// surrogates and values above U+10FFFF are refused.
CodePoint FirstCodePoint(std::string_view text);

/// Appends a code point in UTF-8. It must not be a surrogate and must be at most U+10FFFF.
void AppendUtf8(std::string& text, std::uint32_t code);

}  // namespace credmint
