// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/App.hpp>

#include "base/error.h"
#include "config/configuration.h"
#include "config/mistake.h"

namespace credmint::cli {

/// Sets the options of `options` from the settings of the same names in a section (`port` sets
/// --port). The values are checked as on the command line.
///
/// Fails with kUsage, naming file and line, for an unknown setting, a value of the wrong type, and
/// a value that the option refuses. The hint for an unknown setting suggests a known one. A secret
/// fails too, without being shown: many users may read the file.
Result<void> ApplySettings(const Configuration& file, const Section& section, CLI::App& options);

/// The same, but goes on after a mistake, and adds all of them.
void ApplySettings(const Section& section, CLI::App& options, Mistakes& mistakes);

/// Whether any of `options` was typed to `command`.
bool IsAnyTyped(const CLI::App& command, const CLI::App& options);

/// Sets those of `options` that were typed to `command`: a flag overrides the file.
void ApplyFlags(const CLI::App& command, CLI::App& options);

}  // namespace credmint::cli
