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
constexpr const char* kWords = "words";  ///< the name of OneOf(), whose description lists them
constexpr const char* kBetweenWords = "|";

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

std::string CheckPlace(const std::string& text, Place place) {
  if (auto reason = CheckAny(text); !reason.empty()) return reason;
  const std::string what = DescribeUnshown(text, text.size());
  if (what.empty() || Exists(text)) return {};
  return fmt::format("{} is expected, not {}", place == Place::kPath ? "a path" : "a path or a URI",
                     what);
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
                      const std::string& description, Place place) {
  return command.add_option(name, value, description)
      ->check(
          CLI::Validator([place](const std::string& text) { return CheckPlace(text, place); }, ""))
      ->option_text(place == Place::kPath ? kFileValue : kReferenceValue);
}

CLI::Option* AddSecret(CLI::App& command, const std::string& name, std::string& value,
                       const std::string& description) {
  return command.add_option(name, value, description)
      ->check(CLI::Validator(CheckAny, ""))
      ->option_text(kSourceValue);
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
  return {check, fmt::format("{}", fmt::join(known, kBetweenWords)), kWords};
}

std::vector<std::string> Words(const CLI::Option& option) {
  try {
    // CLI11 only gives it out for changes, but it is read here.
    CLI::Validator& words = *const_cast<CLI::Option&>(option).get_validator(kWords);
    return CLI::detail::split(words.get_description(), kBetweenWords[0]);
  } catch (const CLI::OptionNotFound&) {
    return {};
  }
}

std::string ValueName(const CLI::Option& option) {
  if (!option.get_option_text().empty()) return option.get_option_text();
  const auto words = Words(option);
  return words.empty() ? option.get_type_name()
                       : fmt::format("{}", fmt::join(words, kBetweenWords));
}

}  // namespace credmint::cli
