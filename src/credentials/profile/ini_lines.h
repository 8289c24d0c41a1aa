// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace credmint {

/// One line of a shared AWS file (~/.aws/credentials, ~/.aws/config), read like botocore, that is,
/// like Python's configparser (CONTRACT section 8). All views point into the text.
struct IniLine {
  enum class Kind {
    kIgnored,       ///< empty, or a comment that begins with '#' or ';'
    kHeader,        ///< [name], possibly indented, possibly followed by text
    kOption,        ///< key = value, or key : value
    kContinuation,  ///< indented deeper than the option above it, whose value it continues
    kUnreadable,    ///< anything else; botocore then refuses the whole file
  };

  Kind kind = Kind::kIgnored;
  std::string_view text;     ///< without its end
  std::string_view end;      ///< "\n", "\r\n", or empty for the last line
  std::string_view indent;   ///< the white space that `text` begins with
  std::string_view name;     ///< header: the text in its brackets; option: the key
  std::size_t value_at = 0;  ///< option: offset of the value in `text`
  std::string_view section;  ///< the name of the last header, or of this line if it is one
};

/// Returns all lines of a text. Their `text` and `end` joined in order give the text again.
std::vector<IniLine> ReadIniLines(std::string_view text);

/// Returns the header's name for a program that stops at the first ']' (botocore takes the line's
/// last one). Empty if such a program sees no header. Indentation is ignored.
std::string_view NarrowHeaderName(const IniLine& line);

/// The blanks around separators and in indentation.
inline constexpr std::string_view kIniBlanks = " \t";

/// The section whose keys botocore applies to every profile.
inline constexpr std::string_view kIniDefaults = "DEFAULT";

/// Whether a written key is `key`, given in lower case. botocore ignores the case of keys.
bool IsKey(std::string_view written, std::string_view key);

}  // namespace credmint
