// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/App.hpp>
#include <initializer_list>
#include <string>

namespace credmint::cli {

// What an option accepts. The reasons for a refusal are ours and never repeat the value, which may
// be a secret that was meant for another option; cli/usage_error reports them.

/// Adds an option with a text value. An empty one is refused: it is a script's unset variable, and
/// ignoring it would use another key, PIN or endpoint than was meant. So is what looks like a key
/// or certificate, since no option takes the contents of one.
CLI::Option* AddText(CLI::App& command, const std::string& name, std::string& value,
                     const std::string& description);

/// The same for the place of something: `expected` is "a path" or "a path or a URI". What is no
/// file and must not be shown (base/shown_value) is refused here already.
CLI::Option* AddPlace(CLI::App& command, const std::string& name, std::string& value,
                      const std::string& description, const std::string& expected);

/// The same for a secret, or a source of one, which may be any text but the empty one.
CLI::Option* AddSecret(CLI::App& command, const std::string& name, std::string& value,
                       const std::string& description);

/// For options of other types: of text as AddText has it, of a whole number in decimal digits, and
/// of one of several words, whose case counts unless `any_case`.
CLI::Validator PlainText();
CLI::Validator WholeNumber();
CLI::Validator WholeNumber(long long least, long long most);
CLI::Validator OneOf(std::initializer_list<const char*> words, bool any_case = false);

}  // namespace credmint::cli
