// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/App.hpp>
#include <string>

namespace credmint::cli {

/// The help of a command, beside its options. Empty members are omitted.
struct CommandHelp {
  std::string usage = {};    ///< follows "credmint COMMAND [OPTIONS]" in the usage line
  std::string needs = {};    ///< the required options, as prose
  std::string example = {};  ///< lines to type into a shell
};

/// Gives a program or a command the help of --help and --help-all, and also the commands added to
/// it later. They begin with an empty CommandHelp.
///
///     Usage: credmint exec [OPTIONS] -- COMMAND [ARGUMENT...]
///
///     Run a command with credentials that stay fresh.
///
///     Example:
///       credmint exec --role web -- aws configure list
///
///     Required: ...
///
///     Identity:
///       --private-key FILE|URI     Private key: ...
///
/// Options are below the headings of their groups. The groups are in the order in which they were
/// added; TPM, General and Advanced come last, and Advanced is only in --help-all. Lines are as
/// wide as the terminal of stdout, or else 80 columns; an example is never broken.
void SetHelp(CLI::App& command, CommandHelp help);

}  // namespace credmint::cli
