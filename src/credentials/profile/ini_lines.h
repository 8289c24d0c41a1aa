// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace credmint {

/// One line of a shared AWS file (~/.aws/credentials, ~/.aws/config) as botocore reads it, that is
/// Python's configparser (CONTRACT section 8). All views are into the text that was read.
struct IniLine {
  enum class Kind {
    kIgnored,       ///< empty, or a comment: the line begins with '#' or ';'
    kHeader,        ///< [name], possibly indented, possibly with text behind it
    kOption,        ///< key = value, or key : value
    kContinuation,  ///< indented deeper than the option above it, and part of its value
    kUnreadable,    ///< anything else; botocore refuses the whole file for it
  };

  Kind kind = Kind::kIgnored;
  std::string_view text;     ///< without its end
  std::string_view end;      ///< "\n", "\r\n", or empty in the last line
  std::string_view indent;   ///< the white space that `text` begins with
  std::string_view name;     ///< of a header: what is in its brackets; of an option: the key
  std::size_t value_at = 0;  ///< of an option: where in `text` the value begins
  std::string_view section;  ///< the name of the last header, this line's own included
};

/// The lines of a text, none left out: text and end of all, one after the other, are the text.
std::vector<IniLine> ReadIniLines(std::string_view text);

/// What is in the brackets for a program that takes the first ']' as the last one (botocore takes
/// the last one of the line); empty if the line is no header in its eyes, indented or not.
std::string_view NarrowHeaderName(const IniLine& line);

/// What separates a key from its value, and what an indent is made of.
inline constexpr std::string_view kIniBlanks = " \t";

/// The section whose keys botocore adds to every profile.
inline constexpr std::string_view kIniDefaults = "DEFAULT";

/// Whether a key, as it is written, is `key` (in lower case): keys have no case in botocore.
bool IsKey(std::string_view written, std::string_view key);

}  // namespace credmint
