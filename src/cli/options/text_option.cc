// SPDX-License-Identifier: Apache-2.0
#include "cli/options/text_option.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <strings.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <string_view>
#include <vector>

#include "base/shown_value.h"

namespace credmint::cli {
namespace {

constexpr const char* kEmpty = "the value is empty";
constexpr const char* kNul = "the value holds a NUL";

/// The check for every text.
std::string CheckAny(const std::string& text) {
  if (text.empty()) return kEmpty;
  return text.find('\0') == std::string::npos ? "" : kNul;
}

std::string CheckText(const std::string& text) {
  if (auto reason = CheckAny(text); !reason.empty()) return reason;
  const std::string what = DescribeKeyMaterial(text);
  return what.empty() ? what : fmt::format("other text is expected, not {}", what);
}

bool Exists(std::string_view path) {
  if (path.starts_with("file:")) path.remove_prefix(5);
  return access(std::string(path).c_str(), F_OK) == 0;
}

std::string CheckPlace(const std::string& text, const std::string& expected) {
  if (auto reason = CheckAny(text); !reason.empty()) return reason;
  const std::string what = DescribeUnshown(text, text.size());
  return what.empty() || Exists(text) ? "" : fmt::format("{} is expected, not {}", expected, what);
}

bool ReadWhole(const std::string& text, long long& number) {
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && stop == end;
}

}  // namespace

CLI::Option* AddText(CLI::App& command, const std::string& name, std::string& value,
                     const std::string& description) {
  return command.add_option(name, value, description)->check(PlainText());
}

CLI::Option* AddPlace(CLI::App& command, const std::string& name, std::string& value,
                      const std::string& description, const std::string& expected) {
  return command.add_option(name, value, description)
      ->check(CLI::Validator(
          [expected](const std::string& text) { return CheckPlace(text, expected); }, ""));
}

CLI::Option* AddSecret(CLI::App& command, const std::string& name, std::string& value,
                       const std::string& description) {
  return command.add_option(name, value, description)->check(CLI::Validator(CheckAny, ""));
}

CLI::Validator PlainText() { return {CheckText, ""}; }

CLI::Validator WholeNumber() {
  const auto check = [](const std::string& text) {
    long long number = 0;
    const bool good = ReadWhole(text, number);
    return std::string(good ? "" : "it is not a whole number");
  };
  return {check, ""};
}

CLI::Validator WholeNumber(long long least, long long most) {
  const auto check = [least, most](const std::string& text) {
    long long number = 0;
    const bool good = ReadWhole(text, number) && number >= least && number <= most;
    return good ? "" : fmt::format("it is not a whole number from {} to {}", least, most);
  };
  return {check, ""};
}

CLI::Validator OneOf(std::initializer_list<const char*> words, bool any_case) {
  const std::vector<std::string> known(words.begin(), words.end());
  const auto check = [known, any_case](const std::string& text) {
    const bool good = std::any_of(known.begin(), known.end(), [&](const std::string& word) {
      return any_case ? strcasecmp(word.c_str(), text.c_str()) == 0 : word == text;
    });
    return good ? "" : fmt::format("it is not one of {}", fmt::join(known, ", "));
  };
  return {check, ""};
}

}  // namespace credmint::cli
