#include "base/printable.h"

#include <cstdint>
#include <utility>

namespace credmint {
namespace {

/// The code point at the start of `text` and its length in bytes; {0, 1} for what is no UTF-8
/// (RFC 3629: no overlong forms, no surrogates, at most U+10FFFF).
std::pair<std::uint32_t, std::size_t> FirstCodePoint(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t first = byte(0);
  if (first < 0x80) return {first, 1};
  const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < size) return {0, 1};
  std::uint32_t point = first & (0xffU >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {0, 1};
    point = point << 6 | (byte(i) & 0x3fU);
  }
  constexpr std::uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = point >= 0xd800 && point <= 0xdfff;
  if (point < kSmallest[size] || surrogate || point > 0x10ffff) return {0, 1};
  return {point, size};
}

bool IsControl(std::uint32_t point) {
  const bool c0_or_c1 = point < 0x20 || (point >= 0x7f && point < 0xa0);
  const bool line_or_direction = (point >= 0x2028 && point <= 0x202e) ||
                                 (point >= 0x2066 && point <= 0x2069) || point == 0x200e ||
                                 point == 0x200f || point == 0x61c || point == 0xfeff;
  return c0_or_c1 || line_or_direction;
}

}  // namespace

std::string PrintableUtf8(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const auto [point, size] = FirstCodePoint(text);
    result += IsControl(point) ? std::string_view("?") : text.substr(0, size);
    text.remove_prefix(size);
  }
  return result;
}

std::string Printable(std::string_view text, std::size_t max_size) {
  constexpr std::string_view kWhiteSpace = " \t\r\n\v\f";
  std::string line;
  for (const char c : text) {
    if (line.size() >= max_size) return line + "...";
    if (kWhiteSpace.find(c) == std::string_view::npos) {
      line += c > ' ' && c <= '~' ? c : '?';
    } else if (!line.empty() && line.back() != ' ') {
      line += ' ';
    }
  }
  if (!line.empty() && line.back() == ' ') line.pop_back();
  return line;
}

}  // namespace credmint
