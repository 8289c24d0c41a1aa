// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/App.hpp>
#include <span>
#include <string>

#include "base/error.h"

namespace credmint::cli {

/// Why a command line was refused, in words of our own: CLI11's repeat values, which may be secrets
/// in the wrong place, and differ between its versions. Reads the arguments anew and is for a
/// parse that failed only, so that one that succeeds does nothing more.
///
/// Unknown options are named without their values, in the order given, with the known ones that are
/// close; arguments that nothing takes are counted. Of what starts with a dash only `--name` and
/// `-x` are names; the rest is an argument. `arguments` are those behind the program's name.
Error ExplainUsage(CLI::App& program, std::span<char* const> arguments);

/// The command of this name; null: there is none.
CLI::App* FindCommand(CLI::App& parent, const std::string& name);

/// For what is no command: named only if a known one is close.
Error NoSuchCommand(const CLI::App& parent, const std::string& name);

/// Why an option does not take a value, which the reason does not repeat; empty: its check does.
std::string WhyRefused(CLI::Option& option, const std::string& value);

}  // namespace credmint::cli
