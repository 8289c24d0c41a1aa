// SPDX-License-Identifier: Apache-2.0
#include "cli/output/help_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/options/option_groups.h"
#include "cli/options/text_option.h"
#include "cli/options/usage_error.h"

namespace credmint::cli {
namespace {

constexpr std::size_t kUsualWidth = 80;
constexpr std::size_t kLeastWidth = 50;
constexpr std::size_t kDescriptionColumn = 31;
constexpr std::size_t kCommandColumn = 25;
constexpr const char* kGap = "  ";

std::size_t WidthOfStdout() {
  winsize size{};
  const bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? std::max<std::size_t>(size.ws_col, kLeastWidth) : kUsualWidth;
}

/// The columns of UTF-8 text without wide characters.
std::size_t Columns(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

/// Lines of words, within `width` columns.
class Paragraphs {
 public:
  explicit Paragraphs(std::size_t width) : width_(width) {}

  /// Adds a paragraph: `head`, and the words of `prose` from a column on. They begin on a line of
  /// their own if `head` is longer.
  void Add(std::string head, std::size_t column, const std::string& prose) {
    std::string line = std::move(head);
    if (Columns(line) > column) End(line);
    bool first = true;
    for (const std::string& word : CLI::detail::split(prose, ' ')) {
      if (!first && Columns(line) + 1 + Columns(word) > width_) {
        End(line);
        first = true;
      }
      if (first) line.append(column - std::min(column, Columns(line)), ' ');
      if (!std::exchange(first, false)) line += ' ';
      line += word;
    }
    End(line);
  }

  /// Adds text as it is.
  void AddLines(std::string_view text) { text_ += text; }

  [[nodiscard]] std::string Take() { return std::move(text_); }

 private:
  void End(std::string& line) {
    line.erase(line.find_last_not_of(' ') + 1);
    text_ += line + '\n';
    line.clear();
  }

  std::size_t width_;
  std::string text_;
};

bool IsHelpFlag(const CLI::App& command, const CLI::Option& option) {
  return &option == command.get_help_ptr() || &option == command.get_help_all_ptr() ||
         &option == command.get_version_ptr();
}

std::string GroupOf(const CLI::App& command, const CLI::Option& option) {
  return IsHelpFlag(command, option) ? kGeneralGroup : option.get_group();
}

std::vector<const CLI::Option*> OptionsIn(const CLI::App& command, const std::string& group) {
  return command.get_options([&](const CLI::Option* option) {
    return option->nonpositional() && GroupOf(command, *option) == group;
  });
}

std::vector<const CLI::Option*> Positionals(const CLI::App& command) {
  return command.get_options([](const CLI::Option* option) { return option->get_positional(); });
}

/// "-h, --help", "--timeout DURATION", "--role ROLE..." if it is repeatable.
std::string Signature(const CLI::Option& option) {
  if (option.get_positional()) return ValueName(option);
  std::vector<std::string> names;
  for (const std::string& name : option.get_snames()) names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) names.push_back("--" + name);
  std::string joined = fmt::format("{}", fmt::join(names, ", "));
  const int most = option.get_items_expected_max();
  if (most == 0) return joined;
  return fmt::format("{} {}{}", joined, ValueName(option), most > 1 ? "..." : "");
}

std::string Description(const CLI::Option& option) {
  const std::string& value = option.get_default_str();
  if (value.empty()) return option.get_description();
  return fmt::format("{} (default: {})", option.get_description(), value);
}

class HelpFormatter : public CLI::FormatterBase {
 public:
  explicit HelpFormatter(CommandHelp help = {}) : help_(std::move(help)) {}

  std::string make_help(const CLI::App* command, std::string /*name*/,
                        CLI::AppFormatMode mode) const override {
    Paragraphs text(WidthOfStdout());
    AddIntroduction(*command, text);
    AddCommands(*command, text);
    AddOptions("Arguments", Positionals(*command), text);
    for (const std::string& group : Groups(*command)) {
      AddOptions(group, OptionsIn(*command, group), text);
    }
    const auto rare = OptionsIn(*command, kAdvancedGroup);
    if (mode == CLI::AppFormatMode::All) {
      AddOptions(kAdvancedGroup, rare, text);
    } else if (!rare.empty()) {
      AddPointer("more options", FullName(*command) + " --help-all", text);
    }
    if (!command->get_subcommands({}).empty()) {
      AddPointer("the options of a command", FullName(*command) + " COMMAND --help", text);
    }
    return text.Take();
  }

 private:
  [[nodiscard]] std::string Usage(const CLI::App& command) const {
    std::string usage = FullName(command);
    const bool has_commands = !command.get_subcommands({}).empty();
    usage += has_commands ? " COMMAND [OPTIONS]" : " [OPTIONS]";
    for (const CLI::Option* option : Positionals(command)) {
      usage += fmt::format(" [{}]", Signature(*option));
    }
    return help_.usage.empty() ? usage : fmt::format("{} {}", usage, help_.usage);
  }

  void AddIntroduction(const CLI::App& command, Paragraphs& text) const {
    text.Add("Usage: ", 7, Usage(command));
    text.AddLines("\n");
    text.Add("", 0, command.get_description());
    if (!help_.example.empty()) {
      text.AddLines(fmt::format("\nExample:\n  {}\n",
                                CLI::detail::find_and_replace(help_.example, "\n", "\n  ")));
    }
    if (!help_.needs.empty()) {
      text.AddLines("\n");
      text.Add("Required: ", 10, help_.needs);
    }
  }

  static void AddCommands(const CLI::App& command, Paragraphs& text) {
    const auto commands = command.get_subcommands(
        [](const CLI::App* candidate) { return !candidate->get_group().empty(); });
    if (!commands.empty()) text.AddLines("\nCommands:\n");
    for (const CLI::App* each : commands) {
      text.Add("  " + each->get_name() + kGap, kCommandColumn, each->get_description());
    }
  }

  /// The headings that --help always shows, in order.
  static std::vector<std::string> Groups(const CLI::App& command) {
    std::vector<std::string> groups = command.get_groups();
    std::erase_if(groups, [](const std::string& group) {
      return group.empty() || group == kTpmGroup || group == kGeneralGroup ||
             group == kAdvancedGroup;
    });
    groups.insert(groups.end(), {kTpmGroup, kGeneralGroup});
    return groups;
  }

  static void AddOptions(const std::string& heading, const std::vector<const CLI::Option*>& options,
                         Paragraphs& text) {
    if (options.empty()) return;
    text.AddLines(fmt::format("\n{}:\n", heading));
    for (const CLI::Option* option : options) {
      text.Add("  " + Signature(*option) + kGap, kDescriptionColumn, Description(*option));
    }
  }

  static void AddPointer(const char* what, const std::string& line, Paragraphs& text) {
    text.AddLines("\n");
    text.Add("", 0, fmt::format("For {}: {}", what, line));
  }

  CommandHelp help_;
};

}  // namespace

void SetHelp(CLI::App& command, CommandHelp help) {
  command.formatter(std::make_shared<HelpFormatter>(std::move(help)));
}

}  // namespace credmint::cli
