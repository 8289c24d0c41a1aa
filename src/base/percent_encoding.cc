// SPDX-License-Identifier: Apache-2.0
#include "base/percent_encoding.h"

#include <charconv>
#include <cstdint>

namespace credmint {
namespace {

constexpr std::string_view kUnreserved =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~";

bool Contains(std::string_view set, char c) { return set.find(c) != std::string_view::npos; }

}  // namespace

std::string PercentEncode(std::string_view text, std::string_view keep) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    if (Contains(kUnreserved, c) || Contains(keep, c)) {
      encoded += c;
      continue;
    }
    const auto byte = static_cast<std::uint8_t>(c);
    encoded += '%';
    encoded += kDigits[byte >> 4U];
    encoded += kDigits[byte & 0x0fU];
  }
  return encoded;
}

std::string PercentDecode(std::string_view text) {
  std::string decoded;
  while (!text.empty()) {
    std::uint8_t byte = 0;
    const char* const digits = text.data() + 1;
    if (text.size() >= 3 && text[0] == '%' &&
        std::from_chars(digits, digits + 2, byte, 16).ptr == digits + 2) {
      decoded += static_cast<char>(byte);
      text.remove_prefix(3);
    } else {
      decoded += text[0];
      text.remove_prefix(1);
    }
  }
  return decoded;
}

}  // namespace credmint
