// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/App.hpp>
#include <span>
#include <string>

namespace credmint::cli {

/// The place of the cursor, for completion. A command, an option or the value of an option is being
/// typed there, or, after the "--" of `exec`, a word of another command.
struct AtCursor {
  CLI::App* command = nullptr;          ///< the program or a command, with its options
  const CLI::Option* option = nullptr;  ///< whose value is being typed, or null
  std::string before;                   ///< what precedes the value in its word: "--format="
  std::string typed;                    ///< so far
  bool asks_help = false;               ///< after `help`, which takes commands only
  bool is_other_command = false;        ///< after "--"
  bool begins_other_command = false;    ///< directly after "--"
};

/// Finds it from the words after the program's name, at least one: the last one is being typed and
/// may be empty. Words that are in no place where the parser would look for them are skipped.
///
/// Makes the command add its options, so the program cannot parse a command line afterwards.
AtCursor FindAtCursor(CLI::App& program, std::span<const std::string> words);

}  // namespace credmint::cli
