// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/App.hpp>
#include <string>

namespace credmint::cli {

/// Adds an option for a duration. The value is a number of seconds, or has units
/// (base/duration_text.h): 5400, 90m or 1h30m.
///
/// The first form takes whole seconds and leaves their range to the caller. The second one takes
/// parts of a second as well, within these limits.
CLI::Option* AddDuration(CLI::App& command, const std::string& name, long long& seconds,
                         const std::string& description);
CLI::Option* AddDuration(CLI::App& command, const std::string& name, double& seconds, double least,
                         double most, const std::string& description);

bool TakesDuration(const CLI::Option& option);

/// The hint for a refused value: how to write a duration. Empty if the option takes none, or if the
/// value is a number or a duration. Never repeats the value.
std::string DurationHint(const CLI::Option& option, const std::string& value);

}  // namespace credmint::cli
