// SPDX-License-Identifier: Apache-2.0
#include "config/toml_number.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <iterator>

namespace credmint {
namespace {

constexpr std::string_view kDigits = "0123456789";

/// Removes underscores, each of which must be between two digits.
std::optional<std::string> WithoutUnderscores(std::string_view text, std::string_view digits) {
  std::string result;
  const auto is_digit = [&](std::size_t i) {
    return i < text.size() && digits.find(text[i]) != std::string_view::npos;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      result += text[i];
    } else if (i == 0 || !is_digit(i - 1) || !is_digit(i + 1)) {
      return std::nullopt;
    }
  }
  return result;
}

void TakeSign(std::string_view& text) {
  if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
}

/// Returns the value of an integer in TOML's grammar, or nothing for other text and for integers
/// beyond 64 bits.
std::optional<std::int64_t> ReadInteger(std::string_view text) {
  struct Base {
    std::string_view prefix;
    int base;
    std::string_view digits;
  };
  static constexpr Base kBases[] = {{"0x", 16, "0123456789abcdefABCDEF"},
                                    {"0o", 8, "01234567"},
                                    {"0b", 2, "01"},
                                    {"", 10, kDigits}};
  const Base& base =
      *std::find_if(std::begin(kBases), std::end(kBases),
                    [&](const Base& candidate) { return text.starts_with(candidate.prefix); });
  text.remove_prefix(base.prefix.size());
  std::string_view digits = text;
  if (base.base == 10) TakeSign(digits);
  const auto plain = WithoutUnderscores(digits, base.digits);
  if (!plain || plain->empty() || plain->find_first_not_of(base.digits) != std::string::npos) {
    return std::nullopt;
  }
  if (base.base == 10 && plain->size() > 1 && plain->front() == '0') return std::nullopt;
  const std::string number = (text.starts_with('-') ? "-" : "") + *plain;
  std::int64_t value = 0;
  const auto read = std::from_chars(number.data(), number.data() + number.size(), value, base.base);
  if (read.ec != std::errc()) return std::nullopt;
  return value;
}

/// Removes the digits that `text` begins with and returns their number.
std::size_t TakeDigits(std::string_view& text) {
  const std::size_t size = std::min(text.find_first_not_of(kDigits), text.size());
  text.remove_prefix(size);
  return size;
}

/// Whether the text is a float. An integer is not one.
bool HasShapeOfFloat(std::string_view text) {
  if (text.find_first_of(".eE") == std::string_view::npos) return false;
  TakeSign(text);
  const std::string_view whole = text;
  const std::size_t size = TakeDigits(text);
  if (size == 0 || (size > 1 && whole.front() == '0')) return false;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    if (TakeDigits(text) == 0) return false;
  }
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    TakeSign(text);
    if (TakeDigits(text) == 0) return false;
  }
  return text.empty();
}

std::optional<double> ReadFloat(std::string_view text) {
  std::string_view name = text;
  TakeSign(name);
  if (name != "inf" && name != "nan") {
    const auto plain = WithoutUnderscores(text, kDigits);
    if (!plain || !HasShapeOfFloat(*plain)) return std::nullopt;
    return std::strtod(plain->c_str(), nullptr);
  }
  return std::strtod(std::string(text).c_str(), nullptr);
}

}  // namespace

std::optional<std::string> ReadTomlNumber(std::string_view text) {
  if (const auto integer = ReadInteger(text)) return std::to_string(*integer);
  if (const auto number = ReadFloat(text)) return fmt::format("{}", *number);
  return std::nullopt;
}

bool HasShapeOfTomlTime(std::string_view text) {
  // In a shape, d matches a digit.
  const auto fits = [&](std::string_view shape) {
    return text.size() >= shape.size() &&
           std::equal(shape.begin(), shape.end(), text.begin(), [](char wanted, char c) {
             return wanted == 'd' ? c >= '0' && c <= '9' : wanted == c;
           });
  };
  return fits("dddd-dd-dd") || fits("dd:dd:dd");
}

}  // namespace credmint
