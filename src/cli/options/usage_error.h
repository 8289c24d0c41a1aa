// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/App.hpp>
#include <span>
#include <string>

#include "base/error.h"

namespace credmint::cli {

/// Explains why a command line was refused. CLI11's own messages repeat values, which may be
/// secrets in the wrong place, and differ between its versions. Called only after a failed parse,
/// because it parses the arguments a second time; a successful run does not pay for it.
///
/// Unknown options are named without their values, in the order given, with close known ones.
/// Unexpected arguments are counted. Only `--name` and `-x` are option names; anything else that
/// starts with a dash is an argument. `arguments` are those after the program's name.
Error ExplainUsage(CLI::App& program, std::span<char* const> arguments);

/// The command of this name, or null.
CLI::App* FindCommand(CLI::App& parent, const std::string& name);

/// The command as typed: "credmint cache list".
std::string FullName(const CLI::App& command);

/// The error for an unknown command, which is named only if a known one is close.
Error NoSuchCommand(const CLI::App& parent, const std::string& name);

/// Why an option refuses a value, without repeating it; empty if it accepts the value.
std::string WhyRefused(CLI::Option& option, const std::string& value);

}  // namespace credmint::cli
