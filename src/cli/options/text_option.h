// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/App.hpp>
#include <initializer_list>
#include <string>
#include <vector>

namespace credmint::cli {

// The values that options accept. The reasons for a refusal are our own. They never repeat the
// value, which may be a secret meant for another option. cli/options/usage_error reports them.

/// Adds an option with a text value. An empty value is refused: it comes from a script's unset
/// variable, and ignoring it would use the wrong key, PIN or endpoint. The contents of a key or
/// certificate are refused as well, since no option takes them.
CLI::Option* AddText(CLI::App& command, const std::string& name, std::string& value,
                     const std::string& description);

/// Adds an option whose value is a place. A value that is not a file and must not be shown
/// (base/shown_value) is refused here already.
enum class Place { kPath, kPathOrUri };
CLI::Option* AddPlace(CLI::App& command, const std::string& name, std::string& value,
                      const std::string& description, Place place);

/// Adds an option for a secret or a source of one: any text but the empty one.
CLI::Option* AddSecret(CLI::App& command, const std::string& name, std::string& value,
                       const std::string& description);

/// Checks for options of other types: text as in AddText, a whole number in decimal digits, and one
/// of several words. Case matters unless `any_case` is set.
CLI::Validator PlainText();
CLI::Validator WholeNumber();
CLI::Validator WholeNumber(long long least, long long most);
CLI::Validator OneOf(std::initializer_list<const char*> words, bool any_case = false);

// Names of values in the help, for CLI11's option_text(). Completion goes by the same names: it
// offers files, schemes of URIs, and sources of secrets.
constexpr const char* kFileValue = "FILE";
constexpr const char* kFolderValue = "FOLDER";
constexpr const char* kReferenceValue = "FILE|URI";
constexpr const char* kSourceValue = "SOURCE";

/// The words that the option accepts; empty if it does not have OneOf().
std::vector<std::string> Words(const CLI::Option& option);

/// The name of the value in the help: "FILE", "json|text".
std::string ValueName(const CLI::Option& option);

}  // namespace credmint::cli
