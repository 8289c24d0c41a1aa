// SPDX-License-Identifier: Apache-2.0
#include "cli/options/usage_error.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>
#include <vector>

#include "base/closest_name.h"
#include "cli/options/duration_option.h"

namespace credmint::cli {
namespace {

constexpr std::size_t kLongestName = 40;
constexpr const char* kProgram = "credmint";

bool IsNameCharacter(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.';
}

/// The `--name` in front of any '='; empty if the argument is no long option.
std::string LongName(std::string_view argument) {
  const std::string_view name = argument.substr(0, argument.find('='));
  const bool good = name.starts_with("--") && name.size() > 2 && name.size() <= kLongestName &&
                    name[2] != '-' && std::all_of(name.begin(), name.end(), IsNameCharacter);
  return good ? std::string(name) : "";
}

bool IsShortName(std::string_view argument) {
  return argument.size() == 2 && argument[0] == '-' &&
         std::isalpha(static_cast<unsigned char>(argument[1])) != 0;
}

bool LooksLikeOption(std::string_view argument) {
  return argument.size() > 1 && argument.front() == '-' && !argument.starts_with("---");
}

std::vector<std::string> OptionNames(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

std::string Closest(const std::string& typed, const std::vector<std::string>& names) {
  return std::string(ClosestName(typed, std::vector<std::string_view>(names.begin(), names.end())));
}

std::string NameOf(const CLI::App& command) {
  return command.get_parent() == nullptr ? kProgram : command.get_name();
}

bool IsFlagValue(std::string_view text) {
  constexpr std::array<std::string_view, 8> kValues = {"true", "false", "on", "off",
                                                       "yes",  "no",    "1",  "0"};
  return std::find(kValues.begin(), kValues.end(), text) != kValues.end();
}

/// Reads the command line as CLI11 does.
class Reading {
 public:
  Reading(CLI::App& program, std::span<char* const> arguments)
      : command_(&program), arguments_(arguments.begin(), arguments.end()) {
    while (next_ < arguments_.size()) ReadOne(arguments_[next_++]);
  }

  [[nodiscard]] Error Explain() const {
    if (!no_command_.empty()) return NoSuchCommand(*command_, no_command_);
    if (!unknown_.empty() || strays_ > 0) return Unexpected();
    for (const std::string& problem : {missing_, refused_, Excluded(), Needed()}) {
      if (problem.empty()) continue;
      Error error = Usage(problem);
      if (problem == refused_ && !refused_hint_.empty()) error.hint = refused_hint_;
      return error;
    }
    const bool needs_command = !command_->get_subcommands({}).empty();
    return Usage(needs_command ? "a command is missing" : "the command line cannot be parsed");
  }

 private:
  struct Unknown {
    std::string name;
    std::string closest;
  };

  void ReadOne(const std::string& argument) {
    const std::string name = LongName(argument);
    if (only_values_ || (name.empty() && !LooksLikeOption(argument))) return ReadPlain(argument);
    if (argument == "--") {
      only_values_ = true;
    } else if (CLI::Option* option = Find(name, argument)) {
      ReadValues(*option, argument);
    } else {
      NoteUnknown(name, argument);
    }
  }

  CLI::Option* Find(const std::string& name, const std::string& argument) {
    if (!name.empty()) return command_->get_option_no_throw(name);
    return IsShortName(argument) ? command_->get_option_no_throw(argument) : nullptr;
  }

  /// The word after an unknown option may be its value, so it does not count as a stray argument.
  void NoteUnknown(const std::string& name, const std::string& argument) {
    const std::vector<std::string> known = OptionNames(*command_);
    if (owner_ == nullptr) owner_ = command_;
    // Options of other programs have one dash.
    const std::string closest = Closest(name.empty() ? "-" + argument : name, known);
    if (!name.empty() || IsShortName(argument)) {
      unknown_.push_back({name.empty() ? argument : name, closest});
    } else if (!closest.empty()) {
      unknown_.push_back({argument.substr(0, argument.find('=')), closest});
    } else {
      ++strays_;
      return;
    }
    const bool has_value = argument.find('=') != std::string::npos;
    if (!has_value && next_ < arguments_.size() && !IsCommand(arguments_[next_]) &&
        !LooksLikeOption(arguments_[next_])) {
      ++next_;
    }
  }

  bool IsCommand(const std::string& argument) {
    return FindCommand(*command_, argument) != nullptr;
  }

  void ReadPlain(const std::string& argument) {
    if (CLI::App* command = FindCommand(*command_, argument)) {
      command_ = command;
    } else if (!command_->get_subcommands({}).empty()) {
      if (no_command_.empty()) no_command_ = argument;
    } else if (CLI::Option* option = FreePositional()) {
      Note(*option, argument);
    } else {
      ++strays_;
    }
  }

  CLI::Option* FreePositional() {
    for (CLI::Option* option : command_->get_options()) {
      const bool seen = std::find(seen_.begin(), seen_.end(), option) != seen_.end();
      if (option->get_positional() && !seen) return option;
    }
    return nullptr;
  }

  void ReadValues(CLI::Option& option, const std::string& argument) {
    const std::size_t equals = argument.find('=');
    const int most = option.get_items_expected_max();
    if (most == 0) {
      if (equals != std::string::npos && !IsFlagValue(argument.substr(equals + 1))) {
        NoteRefusal(option, "it takes no value");
      }
      seen_.push_back(&option);
      return;
    }
    if (equals != std::string::npos) return Note(option, argument.substr(equals + 1));
    if (next_ == arguments_.size()) {
      missing_ = fmt::format("{}: its value is missing", option.get_name());
      return;
    }
    Note(option, arguments_[next_++]);
    while (option.get_allow_extra_args() && next_ < arguments_.size() &&
           !LooksLikeOption(arguments_[next_])) {
      Note(option, arguments_[next_++]);
    }
  }

  void Note(CLI::Option& option, const std::string& value) {
    seen_.push_back(&option);
    auto reason = WhyRefused(option, value);
    if (reason.empty()) return;
    if (refused_.empty()) refused_hint_ = DurationHint(option, value);
    NoteRefusal(option, reason);
  }

  void NoteRefusal(const CLI::Option& option, const std::string& reason) {
    if (refused_.empty()) refused_ = fmt::format("{}: {}", option.get_name(), reason);
  }

  [[nodiscard]] std::string Excluded() const {
    for (const CLI::Option* option : seen_) {
      for (const CLI::Option* other : option->get_excludes()) {
        if (std::find(seen_.begin(), seen_.end(), other) == seen_.end()) continue;
        return fmt::format("{} excludes {}", option->get_name(), other->get_name());
      }
    }
    return {};
  }

  [[nodiscard]] std::string Needed() const {
    for (const CLI::Option* option : seen_) {
      for (const CLI::Option* other : option->get_needs()) {
        if (std::find(seen_.begin(), seen_.end(), other) != seen_.end()) continue;
        return fmt::format("{} needs {}", option->get_name(), other->get_name());
      }
    }
    return {};
  }

  [[nodiscard]] Error Unexpected() const {
    std::vector<std::string> parts;
    std::vector<std::string> names;
    std::vector<std::string> meant;
    for (const Unknown& unknown : unknown_) {
      names.push_back(unknown.name);
      if (!unknown.closest.empty()) meant.push_back(unknown.closest);
    }
    if (!names.empty()) {
      parts.push_back(fmt::format("{} has no {} {}", NameOf(*owner_),
                                  names.size() == 1 ? "option" : "options",
                                  fmt::join(names, ", ")));
    }
    if (strays_ > 0) {
      parts.push_back(strays_ == 1 ? "unexpected argument"
                                   : fmt::format("{} unexpected arguments", strays_));
    }
    Error error = Usage(fmt::format("{}", fmt::join(parts, "; ")));
    if (strays_ > 0 && command_->get_name() == "exec") {
      error.hint = "name the role by --role, and write -- before the command to run";
    }
    if (!meant.empty()) error.hint = fmt::format("did you mean {}?", fmt::join(meant, ", "));
    if (owner_ != command_ && !names.empty() && command_->get_option_no_throw(names.front())) {
      error.hint =
          fmt::format("put options after the command: {} {}", FullName(*command_), names.front());
    }
    return error;
  }

  [[nodiscard]] Error Usage(std::string message) const {
    const bool is_program = command_->get_parent() == nullptr;
    return {ErrorCode::kUsage, std::move(message),
            fmt::format("see {}{} --help", FullName(*command_), is_program ? " COMMAND" : "")};
  }

  CLI::App* command_;
  std::vector<std::string> arguments_;
  std::size_t next_ = 0;
  bool only_values_ = false;
  std::vector<const CLI::Option*> seen_;
  std::vector<Unknown> unknown_;
  const CLI::App* owner_ = nullptr;  ///< the command or program that does not know the first
  std::size_t strays_ = 0;
  std::string no_command_;
  std::string missing_;
  std::string refused_;
  std::string refused_hint_;  ///< empty: the usual one
};

}  // namespace

Error ExplainUsage(CLI::App& program, std::span<char* const> arguments) {
  return Reading(program, arguments).Explain();
}

std::string FullName(const CLI::App& command) {
  const CLI::App* parent = command.get_parent();
  return parent == nullptr ? kProgram : fmt::format("{} {}", FullName(*parent), command.get_name());
}

CLI::App* FindCommand(CLI::App& parent, const std::string& name) {
  const auto commands = parent.get_subcommands({});
  const auto found = std::find_if(commands.begin(), commands.end(), [&](const CLI::App* command) {
    return command->get_name() == name;
  });
  return found != commands.end() ? *found : nullptr;
}

Error NoSuchCommand(const CLI::App& parent, const std::string& name) {
  std::vector<std::string> known;
  for (const CLI::App* command : parent.get_subcommands({})) known.push_back(command->get_name());
  const std::string closest = Closest(name, known);
  const std::string help = fmt::format("{} --help lists the commands", FullName(parent));
  if (closest.empty()) return {ErrorCode::kUsage, "there is no such command", help};
  return {ErrorCode::kUsage, fmt::format("there is no command '{}'", name),
          fmt::format("did you mean {}? {}", closest, help)};
}

std::string WhyRefused(CLI::Option& option, const std::string& value) {
  std::string checked = value;  // a check may change the value for the next one
  try {
    for (int i = 0;; ++i) {
      if (auto reason = (*option.get_validator(i))(checked); !reason.empty()) return reason;
    }
  } catch (const CLI::OptionNotFound&) {  // no more checks
    return {};
  }
}

}  // namespace credmint::cli
