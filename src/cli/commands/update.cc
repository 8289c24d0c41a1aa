// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/update.h"

#include "cli/options/start_library.h"
#include "cli/options/text_option.h"
#include "cli/output/help_text.h"
#include "cli/output/output.h"
#include "cli/output/role_reports.h"
#include "credentials/profile/credentials_file_writer.h"
#include "daemon/run_until_told.h"
#include "ossl/stores.h"
#include "roles/role_session.h"

namespace credmint::cli {
namespace {

using roles::RoleSession;

constexpr const char* kFileGroup = "File";

Result<void> UpdateOnce(const CredentialsFile& file, CredentialSource& source) {
  const auto credentials = source.Get();
  if (!credentials) return Fail(credentials);
  return WriteCredentials(file, *credentials);
}

Result<void> KeepUpdated(const CredentialsFile& file, RoleSession& session,
                         const LibraryContext& library) {
  return daemon::UpdateUntilTold(
      file, session, daemon::EndSignals::OfThisProcess(),
      {.failed = [](const Error& error) { ReportError(error); },
       .recovered = [] { ReportNotice("there are new credentials in the file"); }},
      [stores = library.stores()] {
        if (stores != nullptr) stores->Close();
      });
}

}  // namespace

UpdateCommand::UpdateCommand(CLI::App& app)
    : app_(app.add_subcommand("update", "Keep a profile of the credentials file fresh")) {
  app_->preparse_callback([this](std::size_t) {
    SetHelp(*app_, {.needs = kNeedsRole, .example = "credmint update --profile web --role web"});
    AddText(*app_, "--profile", profile_, "Profile to write")
        ->option_text("NAME")
        ->capture_default_str()
        ->group(kFileGroup);
    app_->add_flag("--once", once_, "Write the profile once and exit")->group(kFileGroup);
    AddRoleFlags(*app_, flags_);
  });
}

Result<void> UpdateCommand::Run() const {
  const auto start_log = once_ ? StartLog : StartLogOfService;
  start_log(flags_.given.process);  // for mistakes in the configuration
  const auto wanted = FindRole(*app_, flags_);
  if (!wanted) return Fail(wanted);
  start_log(wanted->process);
  wanted->Log();
  const auto file = FindCredentialsFile(profile_);
  if (!file) return Fail(file);
  if (auto checked = CheckCredentialsFile(*file); !checked) return checked;
  const roles::Role& role = wanted->roles.front();
  if (!once_) IgnoreOpensslVariables(wanted->process);
  const auto library = once_ ? StartToMint(wanted->process, role)
                             : StartLibrary(wanted->process, Running::kUntilTold);
  if (!library) return Fail(library);
  if (!once_) RestrictThisProcess(wanted->process);
  roles::IdentityPool identities(*library,
                                 ReportingEnvironment(once_ ? LogLevel::kDebug : LogLevel::kInfo));
  const auto session = RoleSession::Create(
      role, identities, once_ ? RoleSession::Retrying::kHere : RoleSession::Retrying::kElsewhere);
  if (!session) return Fail(session);
  WarnOfUnverified(role);
  if (once_) return UpdateOnce(*file, **session);
  return KeepUpdated(*file, **session, *library);
}

}  // namespace credmint::cli
