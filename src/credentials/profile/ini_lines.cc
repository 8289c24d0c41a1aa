// SPDX-License-Identifier: Apache-2.0
#include "credentials/profile/ini_lines.h"

#include <algorithm>
#include <array>

namespace credmint {
namespace {

using namespace std::string_view_literals;

/// The characters beyond ASCII for which Python's str.isspace() is true: U+0085, U+00A0, U+1680,
/// U+2000 to U+200A, U+2028, U+2029, U+202F, U+205F, U+3000.
constexpr std::array kWideSpaces = {
    "\xc2\x85"sv,     "\xc2\xa0"sv,     "\xe1\x9a\x80"sv, "\xe2\x80\x80"sv, "\xe2\x80\x81"sv,
    "\xe2\x80\x82"sv, "\xe2\x80\x83"sv, "\xe2\x80\x84"sv, "\xe2\x80\x85"sv, "\xe2\x80\x86"sv,
    "\xe2\x80\x87"sv, "\xe2\x80\x88"sv, "\xe2\x80\x89"sv, "\xe2\x80\x8a"sv, "\xe2\x80\xa8"sv,
    "\xe2\x80\xa9"sv, "\xe2\x80\xaf"sv, "\xe2\x81\x9f"sv, "\xe3\x80\x80"sv};

/// Returns the size in bytes of the white space character that `text` begins with, or 0.
std::size_t SpaceAt(std::string_view text) {
  const char first = text.empty() ? 'x' : text.front();
  if (first == ' ' || (first >= '\t' && first <= '\r') || (first >= '\x1c' && first <= '\x1f')) {
    return 1;
  }
  const auto* const wide = std::find_if(kWideSpaces.begin(), kWideSpaces.end(),
                                        [&](auto space) { return text.starts_with(space); });
  return wide == kWideSpaces.end() ? 0 : wide->size();
}

struct Indent {
  std::size_t bytes = 0;
  std::size_t characters = 0;
};

Indent IndentOf(std::string_view text) {
  Indent indent;
  while (const std::size_t size = SpaceAt(text.substr(indent.bytes))) {
    indent.bytes += size;
    ++indent.characters;
  }
  return indent;
}

std::string_view WithoutTrailingSpace(std::string_view text) {
  std::size_t end = 0;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t space = SpaceAt(text.substr(i));
    i += std::max<std::size_t>(space, 1);
    if (space == 0) end = i;
  }
  return text.substr(0, end);
}

/// Holds configparser's state between two lines.
class Reader {
 public:
  void Read(IniLine& line) {
    const Indent indent = IndentOf(line.text);
    line.indent = line.text.substr(0, indent.bytes);
    line.kind = KindOf(line, indent);
    if (line.kind == IniLine::Kind::kHeader) section_ = line.name;
    line.section = section_;
  }

 private:
  IniLine::Kind KindOf(IniLine& line, Indent indent) {
    using Kind = IniLine::Kind;
    const std::string_view content = line.text.substr(indent.bytes);
    if (content.empty() || content.front() == '#' || content.front() == ';') return Kind::kIgnored;
    if (in_option_ && indent.characters > indent_) return Kind::kContinuation;
    indent_ = indent.characters;
    if (const std::size_t last = content.rfind(']');
        content.front() == '[' && last != std::string_view::npos && last >= 2) {
      line.name = content.substr(1, last - 1);
      in_option_ = false;
      return Kind::kHeader;
    }
    const std::size_t separator = content.find_first_of("=:");
    if (separator == std::string_view::npos) return Kind::kUnreadable;
    line.name = WithoutTrailingSpace(content.substr(0, separator));
    const std::size_t behind = indent.bytes + separator + 1;
    line.value_at = behind + IndentOf(line.text.substr(behind)).bytes;
    in_option_ = !line.name.empty();
    return in_option_ ? Kind::kOption : Kind::kUnreadable;
  }

  bool in_option_ = false;
  std::size_t indent_ = 0;
  std::string_view section_;
};

IniLine TakeLine(std::string_view& text) {
  IniLine line;
  const std::size_t size = std::min(text.find('\n'), text.size());
  const bool carriage_return = size < text.size() && size > 0 && text[size - 1] == '\r';
  line.text = text.substr(0, carriage_return ? size - 1 : size);
  line.end = text.substr(line.text.size(), std::min(size + 1, text.size()) - line.text.size());
  text.remove_prefix(line.text.size() + line.end.size());
  return line;
}

char LowerCase(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

std::vector<IniLine> ReadIniLines(std::string_view text) {
  std::vector<IniLine> lines;
  Reader reader;
  while (!text.empty()) {
    lines.push_back(TakeLine(text));
    reader.Read(lines.back());
  }
  return lines;
}

std::string_view NarrowHeaderName(const IniLine& line) {
  const std::string_view content = line.text.substr(line.indent.size());
  const std::size_t end = content.find(']');
  if (!content.starts_with('[') || end == std::string_view::npos) return {};
  return content.substr(1, end - 1);
}

bool IsKey(std::string_view written, std::string_view key) {
  return std::equal(written.begin(), written.end(), key.begin(), key.end(),
                    [](char one, char other) { return LowerCase(one) == other; });
}

}  // namespace credmint
