// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/App.hpp>
#include <string>
#include <vector>

namespace credmint::cli {

/// `credmint __complete WORD...`: what the scripts in completions/ ask at each Tab. The words are
/// those after the program's name, up to the cursor.
///
/// Prints the candidates for the last word, each a line with its description after a tab. One of
/// these lines asks the shell for more candidates:
///
///     :files<TAB>PREFIX      files, each with this prefix, which is typed already
///     :commands              programs
///
/// The commands and options come from `program`, and the roles from the configuration file. Tokens
/// and TPMs are asked only if the word begins with a scheme ("pkcs11:"). Nobody is asked for a
/// secret, no secret is read, and nothing is logged in to.
///
/// Prints nothing else, whatever fails. Ends after a few seconds at most.
void PrintCompletions(CLI::App& program, std::vector<std::string> words);

/// The name that PrintCompletions() has on the command line. It is not a command: people have no
/// use for it.
constexpr const char* kCompleteName = "__complete";

}  // namespace credmint::cli
