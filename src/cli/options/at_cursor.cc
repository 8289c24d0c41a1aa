// SPDX-License-Identifier: Apache-2.0
#include "cli/options/at_cursor.h"

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cstddef>

#include "cli/options/usage_error.h"

namespace credmint::cli {
namespace {

constexpr const char* kOtherCommand = "--";

/// A command adds its options when it is parsed.
void MakeAddOptions(CLI::App& program, const CLI::App& command) {
  try {
    program.parse(command.get_name() + " --help");
  } catch (const CLI::ParseError&) {  // that is how CLI11 says that help was asked for
  }
}

/// The option whose value is the next word, or null.
const CLI::Option* TakesNext(const CLI::App& command, const std::string& word) {
  const bool is_option = word.starts_with('-') && word.find('=') == std::string::npos;
  const CLI::Option* option = is_option ? command.get_option_no_throw(word) : nullptr;
  return option != nullptr && option->get_items_expected_max() > 0 ? option : nullptr;
}

/// Takes "--name=" off the front of the word being typed.
void SplitAtEquals(AtCursor& at) {
  const std::size_t equals = at.typed.find('=');
  if (!at.typed.starts_with("--") || equals == std::string::npos) return;
  at.option = at.command->get_option_no_throw(at.typed.substr(0, equals));
  at.before = at.typed.substr(0, equals + 1);
  at.typed.erase(0, equals + 1);
}

}  // namespace

AtCursor FindAtCursor(CLI::App& program, std::span<const std::string> words) {
  AtCursor at{.command = &program, .before = {}, .typed = words.back()};
  auto left = words.first(words.size() - 1);
  at.asks_help = !left.empty() && left.front() == "help";
  if (at.asks_help) left = left.subspan(1);
  while (!left.empty()) {
    CLI::App* command = FindCommand(*at.command, left.front());
    if (command == nullptr) break;
    if (at.command == &program) MakeAddOptions(program, *command);
    at.command = command;
    left = left.subspan(1);
  }
  for (; !left.empty(); left = left.subspan(1)) {
    if (at.option != nullptr) {
      at.option = nullptr;
    } else if (left.front() == kOtherCommand) {
      at.is_other_command = true;
      at.begins_other_command = left.size() == 1;
      return at;
    } else {
      at.option = TakesNext(*at.command, left.front());
    }
  }
  if (at.option == nullptr) SplitAtEquals(at);
  return at;
}

}  // namespace credmint::cli
