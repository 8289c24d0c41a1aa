// SPDX-License-Identifier: Apache-2.0
#include "cli/options/settings.h"

#include <fmt/format.h>

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <string_view>
#include <vector>

#include "base/closest_name.h"
#include "base/duration_text.h"
#include "base/shown_value.h"
#include "cli/options/duration_option.h"
#include "cli/options/secret_option.h"
#include "cli/options/usage_error.h"

namespace credmint::cli {
namespace {

constexpr std::string_view kHelp = "help";  // ends the program

bool HoldsSecret(const Setting& setting) {
  const auto& values = setting.values;
  return std::any_of(values.begin(), values.end(), [&](const std::string& value) {
    return IsSecret(setting.name, value) || value.find("pin-value=") != std::string::npos;
  });
}

/// The names without dashes, except --help.
std::vector<std::string_view> Names(const CLI::App& options) {
  std::vector<std::string_view> names;
  for (const CLI::Option* option : options.get_options()) {
    const auto& all = option->get_lnames();  // of several names the last is that of the setting
    if (!all.empty() && all.back() != kHelp) names.push_back(all.back());
  }
  return names;
}

const char* Describe(Setting::Type type) {
  switch (type) {
    case Setting::Type::kText:
      return "text in quotes";
    case Setting::Type::kNumber:
      return "a number";
    case Setting::Type::kFlag:
      return "true or false";
  }
  return "";
}

Setting::Type TypeOf(const CLI::Option& option) {
  if (option.get_items_expected_max() == 0) return Setting::Type::kFlag;
  return option.get_type_name().starts_with("TEXT") ? Setting::Type::kText : Setting::Type::kNumber;
}

/// A duration may be a number of seconds, or text with units.
bool HasTypeOf(const CLI::Option& option, const Setting& setting) {
  if (setting.type == TypeOf(option)) return true;
  return TakesDuration(option) && setting.type == Setting::Type::kText &&
         std::all_of(setting.values.begin(), setting.values.end(),
                     [](const std::string& value) { return ParseDuration(value).has_value(); });
}

/// A refused text may be one.
std::string HintOf(const CLI::Option& option, const Setting& setting) {
  if (setting.type != Setting::Type::kText || !TakesDuration(option)) return {};
  return R"(give seconds, or text with the units d, h, m and s: 5400, "90m" or "1h30m")";
}

void Give(const std::vector<std::string>& values, CLI::Option& option) {
  option.clear();
  option.add_result(values);
  option.run_callback();
}

/// The option that a setting sets; null if there is none.
CLI::Option* Find(CLI::App& options, std::string_view name) {
  for (CLI::Option* option : options.get_options()) {
    const auto& all = option->get_lnames();  // of several names the last is that of the setting
    if (!all.empty() && all.back() == name && name != kHelp) return option;
  }
  return nullptr;
}

/// The options that were typed to a command.
std::vector<const CLI::Option*> Typed(const CLI::App& command) {
  return command.get_options([](const CLI::Option* option) { return !option->empty(); });
}

/// Why the option has refused the setting.
std::string ReasonFor(CLI::Option& option, const Setting& setting) {
  for (const std::string& value : setting.values) {
    if (auto reason = WhyRefused(option, value); !reason.empty()) return reason;
  }
  return "it is not accepted";
}

Result<void> ApplySetting(const Setting& setting, CLI::App& options) {
  CLI::Option* const found = Find(options, setting.name);
  if (found == nullptr) {
    return Fail(ErrorCode::kUsage, fmt::format("there is no setting {}", Shown(setting.name)),
                DidYouMean(setting.name, Names(options)));
  }
  CLI::Option& option = *found;
  if (HoldsSecret(setting)) {
    return Fail(ErrorCode::kUsage,
                fmt::format("{}: a secret does not belong in the configuration file", setting.name),
                "name its place with passin: file:PATH, env:NAME or cred:NAME");
  }
  if (!HasTypeOf(option, setting)) {
    return Fail(ErrorCode::kUsage,
                fmt::format("{} must be {}", setting.name, Describe(TypeOf(option))),
                HintOf(option, setting));
  }
  if (setting.values.size() != 1 && option.get_items_expected_max() <= 1) {
    return Fail(ErrorCode::kUsage, fmt::format("{} must be one value, not a list", setting.name));
  }
  if (setting.values.empty()) return {};
  try {
    Give(setting.values, option);
  } catch (const CLI::ParseError&) {  // its message may repeat the value
    return Fail(ErrorCode::kUsage, fmt::format("{}: {}", setting.name, ReasonFor(option, setting)));
  }
  return {};
}

}  // namespace

Result<void> ApplySettings(const Configuration& file, const Section& section, CLI::App& options) {
  for (const Setting& setting : section.settings) {
    if (auto applied = ApplySetting(setting, options); !applied) {
      return Fail(std::move(applied), file.At(setting.line));
    }
  }
  return {};
}

void ApplySettings(const Section& section, CLI::App& options, Mistakes& mistakes) {
  for (const Setting& setting : section.settings) {
    if (auto applied = ApplySetting(setting, options); !applied) {
      mistakes.push_back({setting.line, std::move(applied).error()});
    }
  }
}

bool IsAnyTyped(const CLI::App& command, const CLI::App& options) {
  const auto names = Names(options);
  const auto is_one = [&](const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  const auto typed = Typed(command);
  return std::any_of(typed.begin(), typed.end(), [&](const CLI::Option* option) {
    return std::any_of(option->get_lnames().begin(), option->get_lnames().end(), is_one);
  });
}

void ApplyFlags(const CLI::App& command, CLI::App& options) {
  for (const CLI::Option* const typed : Typed(command)) {
    for (const std::string& name : typed->get_lnames()) {
      CLI::Option* const option = Find(options, name);
      if (option != nullptr) Give(typed->reduced_results(), *option);
    }
  }
}

}  // namespace credmint::cli
