// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/version.h"

#include "cli/output/help_text.h"
#include "cli/output/output.h"
#include "credmint_version.h"

namespace credmint::cli {

VersionCommand::VersionCommand(CLI::App& app)
    : app_(app.add_subcommand("version", "Print the version")) {
  SetHelp(*app_, {.example = "credmint version"});
}

Result<void> VersionCommand::Run() { return WriteResult(CREDMINT_VERSION "\n"); }

}  // namespace credmint::cli
