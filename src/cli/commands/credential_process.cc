// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/credential_process.h"

#include "cli/options/start_library.h"
#include "cli/output/help_text.h"
#include "cli/output/output.h"
#include "cli/output/role_reports.h"
#include "cli/output/terminal_prompt.h"
#include "credentials/process_json.h"
#include "roles/mint.h"

namespace credmint::cli {
namespace {

constexpr const char* kExample =
    "credmint credential-process --certificate web.pem --private-key web.key \\\n"
    "  --trust-anchor-arn \"$TRUST_ANCHOR\" --profile-arn \"$PROFILE\" \\\n"
    "  --role-arn \"$ROLE\"";

}  // namespace

CredentialProcessCommand::CredentialProcessCommand(CLI::App& app)
    : app_(app.add_subcommand("credential-process",
                              "Mint credentials and print them for credential_process")) {
  app_->preparse_callback([this](std::size_t) {
    SetHelp(*app_, {.needs = kNeedsRole, .example = kExample});
    AddRoleFlags(*app_, flags_);
    AddCacheFlag(*app_, flags_.given.cache);
  });
}

Result<void> CredentialProcessCommand::Run() const {
  const auto wanted = FindRole(*app_, flags_);
  if (!wanted) return Fail(wanted);
  StartLog(wanted->process);
  wanted->Log();
  const roles::Role& role = wanted->roles.front();
  const auto credentials =
      roles::Mint(role, [&] { return StartToMint(wanted->process, role); },
                  {.ask = AskAtTerminal, .minted = ReportMints(LogLevel::kDebug)});
  if (!credentials) return Fail(credentials);
  if (auto written = WriteResult(FormatProcessJson(*credentials).Reveal()); !written) {
    return written;
  }
  return WriteResult("\n");
}

}  // namespace credmint::cli
