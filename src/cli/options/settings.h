// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/App.hpp>

#include "base/error.h"
#include "config/configuration.h"

namespace credmint::cli {

/// Gives the settings of a section to the options of the same names (`port` is --port), with the
/// same checks as if they had been typed. Fails with kUsage, saying file and line, for one that
/// is no option of `options` (with the one that was probably meant), that has a value of another
/// type, or that the option refuses; and for a secret, which does not belong into a file that many
/// may read: the value is not shown.
Result<void> ApplySettings(const Configuration& file, const Section& section, CLI::App& options);

/// Gives what was typed to a command to those of `options` that have the same names: a flag
/// overrides the file.
void ApplyFlags(const CLI::App& command, CLI::App& options);

}  // namespace credmint::cli
