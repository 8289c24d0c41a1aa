// SPDX-License-Identifier: Apache-2.0
#include "base/printable.h"

#include <cstdint>

#include "base/utf8.h"

namespace credmint {
namespace {

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
    const std::size_t taken = size == 0 ? 1 : size;
    const bool show = size != 0 && !IsControl(point);
    result += show ? text.substr(0, size) : std::string_view("?");
    text.remove_prefix(taken);
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
