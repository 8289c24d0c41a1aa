// SPDX-License-Identifier: Apache-2.0
#include "base/duration_text.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>

namespace credmint {
namespace {

constexpr std::size_t kMostDigits = 9;
constexpr std::size_t kDecimals = 3;

struct DurationUnit {
  char letter;
  std::chrono::seconds length;
};

constexpr std::array kDurationUnits = {
    DurationUnit{'d', std::chrono::days(1)}, DurationUnit{'h', std::chrono::hours(1)},
    DurationUnit{'m', std::chrono::minutes(1)}, DurationUnit{'s', std::chrono::seconds(1)}};

std::string_view TakeDigits(std::string_view& text) {
  const std::size_t end = std::min(text.find_first_not_of("0123456789"), text.size());
  const std::string_view digits = text.substr(0, end);
  text.remove_prefix(end);
  return digits;
}

/// Takes a number off the front of the text, in thousandths: they are exact for each unit.
std::optional<long long> TakeThousandths(std::string_view& text) {
  std::string digits(TakeDigits(text));
  if (digits.empty() || digits.size() > kMostDigits) return std::nullopt;
  std::string_view decimals;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    decimals = TakeDigits(text);
    if (decimals.empty() || decimals.size() > kDecimals) return std::nullopt;
  }
  digits += decimals;
  digits.append(kDecimals - decimals.size(), '0');
  return std::stoll(digits);
}

}  // namespace

std::optional<std::chrono::milliseconds> ParseDuration(std::string_view text) {
  std::chrono::milliseconds sum{0};
  auto next = kDurationUnits.begin();
  do {
    const auto thousandths = TakeThousandths(text);
    if (!thousandths || text.empty()) return std::nullopt;
    const auto unit = std::find_if(next, kDurationUnits.end(), [&](const DurationUnit& candidate) {
      return candidate.letter == text.front();
    });
    if (unit == kDurationUnits.end()) return std::nullopt;
    sum += std::chrono::milliseconds(*thousandths * unit->length.count());
    next = unit + 1;
    text.remove_prefix(1);
  } while (!text.empty());
  return sum;
}

}  // namespace credmint
