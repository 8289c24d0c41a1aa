// SPDX-License-Identifier: Apache-2.0
#include "base/steady_text.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>
#include <vector>

namespace credmint {
namespace {

constexpr std::string_view kDigits = "0123456789";
constexpr std::string_view kHexDigits = "0123456789abcdefABCDEF";
constexpr std::string_view kAround = "()[]{}<>\"',;!?=/\\";  // separates words, as blanks do
constexpr std::size_t kLongestHexCode = 10;                  // "0x" and 32 bits: a device's code

bool IsAll(std::string_view text, std::string_view characters) {
  return !text.empty() && text.find_first_not_of(characters) == std::string_view::npos;
}

template <std::size_t N>
bool IsOneOf(std::string_view word, const std::array<std::string_view, N>& words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool IsNumber(std::string_view word) {
  return IsAll(word, "0123456789.") && kDigits.find(word.front()) != std::string_view::npos;
}

bool IsUnitOfTime(std::string_view word) {
  constexpr std::array<std::string_view, 14> kUnits = {
      "s",      "ms",      "us",   "min",   "h",    "second", "seconds",
      "minute", "minutes", "hour", "hours", "days", "day",    "milliseconds"};
  return IsOneOf(word, kUnits);
}

bool CountsWhatDiffers(std::string_view word) {
  constexpr std::array<std::string_view, 5> kBefore = {"port", "attempt", "after", "pid",
                                                       "process"};
  return IsOneOf(word, kBefore);
}

bool IsDayOrMonth(std::string_view word) {
  constexpr std::array<std::string_view, 20> kNames = {
      "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun", "Jan", "Feb", "Mar",
      "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec", "GMT"};
  return IsOneOf(word, kNames);
}

/// "2026-11-29", "22:41:07Z", "2026-11-29T22:41:07.5+01:00", "20261129T224107Z", and numeric
/// addresses: "192.0.2.1", "192.0.2.1:443".
bool IsTimeOrIpv4(std::string_view word) {
  if (!IsAll(word, "0123456789-:.+TZ") || kDigits.find(word.front()) == std::string_view::npos) {
    return false;
  }
  const auto count = [word](char c) { return std::count(word.begin(), word.end(), c); };
  return count(':') > 0 || count('-') == 2 || count('.') == 3 ||
         (count('T') == 1 && count('Z') == 1);
}

/// With or without "%eth0".
bool IsIpv6(std::string_view word) {
  const std::string_view address = word.substr(0, word.find('%'));
  return std::count(address.begin(), address.end(), ':') >= 2 &&
         IsAll(address, "0123456789abcdefABCDEF:.");
}

bool IsUuid(std::string_view word) {
  return word.size() == 36 && std::count(word.begin(), word.end(), '-') == 4 &&
         IsAll(word, "0123456789abcdefABCDEF-");
}

bool IsPointer(std::string_view word) {
  return word.size() > kLongestHexCode && word.starts_with("0x") &&
         IsAll(word.substr(2), kHexDigits);
}

bool IsAlwaysOther(std::string_view word) {
  return IsTimeOrIpv4(word) || IsIpv6(word) || IsUuid(word) || IsPointer(word);
}

/// "12ms", "0.5s".
bool IsDuration(std::string_view word) {
  const std::size_t end = word.find_first_not_of("0123456789.");
  return end != 0 && end != std::string_view::npos && IsNumber(word.substr(0, end)) &&
         IsUnitOfTime(word.substr(end));
}

std::vector<std::string_view> Words(std::string_view text) {
  std::vector<std::string_view> words;
  const std::string separators = std::string(kAround) + " \t\n";
  for (std::size_t at = 0; (at = text.find_first_not_of(separators, at)) != std::string::npos;) {
    const std::size_t end = std::min(text.find_first_of(separators, at), text.size());
    std::string_view word = text.substr(at, end - at);
    // Punctuation at the end of a clause is not part of the word, but "::" may end an address.
    while (word.ends_with('.') || (word.ends_with(':') && !word.ends_with("::"))) {
      word.remove_suffix(1);
    }
    if (!word.empty()) words.push_back(word);
    at = end;
  }
  return words;
}

bool Differs(const std::vector<std::string_view>& words, std::size_t i) {
  const std::string_view word = words[i];
  const std::string_view before = i > 0 ? words[i - 1] : "";
  const std::string_view after = i + 1 < words.size() ? words[i + 1] : "";
  if (IsAlwaysOther(word) || IsDuration(word) || IsDayOrMonth(word)) return true;
  return IsNumber(word) && (IsUnitOfTime(after) || CountsWhatDiffers(before) ||
                            IsDayOrMonth(before) || IsDayOrMonth(after));
}

}  // namespace

std::string SteadyText(std::string_view message) {
  const auto words = Words(message);
  std::string steady;
  std::size_t done = 0;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (!Differs(words, i)) continue;
    const auto at = static_cast<std::size_t>(words[i].data() - message.data());
    steady += message.substr(done, at - done);
    steady += '#';
    done = at + words[i].size();
  }
  steady += message.substr(done);
  return steady;
}

bool ReportedFailure::Replace(const Error& error) {
  std::string text = SteadyText(error.message);
  const bool is_new = text != text_;
  text_ = std::move(text);
  return is_new;
}

bool ReportedFailure::Clear() { return std::exchange(text_, std::nullopt).has_value(); }

}  // namespace credmint
