// SPDX-License-Identifier: Apache-2.0
#include "cli/options/duration_option.h"

#include <fmt/format.h>

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "base/duration_text.h"
#include "cli/options/text_option.h"

namespace credmint::cli {
namespace {

constexpr const char* kDurationValue = "DURATION";

/// Leaves text without units to the checks that follow.
std::string ToSeconds(std::string& text) {
  if (const auto duration = ParseDuration(text)) {
    text = fmt::format("{}", static_cast<double>(duration->count()) / 1000);
  }
  return {};
}

/// Unlike CLI::Range, refuses "nan" and repeats nothing.
CLI::Validator SecondsWithin(double least, double most) {
  const auto check = [least, most](const std::string& text) {
    double seconds = 0;
    const bool good =
        CLI::detail::lexical_cast(text, seconds) && seconds >= least && seconds <= most;
    return good ? "" : fmt::format("it is not a number of seconds from {} to {}", least, most);
  };
  return {check, ""};
}

CLI::Option* MakeDuration(CLI::Option* option, CLI::Validator check) {
  return option->transform(CLI::Validator(ToSeconds, ""))
      ->check(std::move(check))
      ->option_text(kDurationValue)
      ->capture_default_str();
}

}  // namespace

CLI::Option* AddDuration(CLI::App& command, const std::string& name, long long& seconds,
                         const std::string& description) {
  return MakeDuration(command.add_option(name, seconds, description), WholeNumber());
}

CLI::Option* AddDuration(CLI::App& command, const std::string& name, double& seconds, double least,
                         double most, const std::string& description) {
  return MakeDuration(command.add_option(name, seconds, description), SecondsWithin(least, most));
}

bool TakesDuration(const CLI::Option& option) { return option.get_option_text() == kDurationValue; }

std::string DurationHint(const CLI::Option& option, const std::string& value) {
  double number = 0;
  if (!TakesDuration(option) || ParseDuration(value) || CLI::detail::lexical_cast(value, number)) {
    return {};
  }
  return "give seconds, or a number with the units d, h, m and s: 5400, 7d, 90m or 1h30m";
}

}  // namespace credmint::cli
