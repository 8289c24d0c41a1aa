// SPDX-License-Identifier: Apache-2.0
#include "cli/update.h"

#include <signal.h>

#include <atomic>

#include "cli/output.h"
#include "cli/role_session.h"
#include "cli/text_option.h"
#include "credentials/profile/credentials_file_writer.h"
#include "credentials/profile/profile_keeper.h"
#include "daemon/service_manager.h"

namespace credmint::cli {
namespace {

constexpr const char* kFileGroup = "File";

Result<void> UpdateOnce(const CredentialsFile& file, CredentialSource& source) {
  const auto credentials = source.Get();
  if (!credentials) return tl::unexpected(credentials.error());
  return WriteCredentials(file, *credentials);
}

Result<void> KeepUpdated(const CredentialsFile& file, RoleSession& session,
                         const daemon::EndSignals& end_signals) {
  std::atomic<bool> failing = false;
  ProfileKeeper keeper(
      session, file,
      [&](const Error& error) {
        failing = true;
        ReportError(error);
      },
      [&] {
        if (failing.exchange(false)) ReportRecovery("there are new credentials in the file");
        daemon::NotifyManager("READY=1");
      });
  bool ending = false;
  end_signals.SetHandler([&](int number) {
    if (number == SIGHUP) {
      session.identity().Reload();
      keeper.Reload();
      return true;
    }
    if (ending) return false;
    ending = true;
    keeper.Stop();
    return true;
  });
  auto result = keeper.Run();
  end_signals.SetHandler(nullptr);
  daemon::NotifyManager("STOPPING=1");
  return result;
}

}  // namespace

UpdateCommand::UpdateCommand(CLI::App& app)
    : app_(app.add_subcommand(
          "update", "Keep credentials fresh in a profile of the shared credentials file")) {
  app_->preparse_callback([this](std::size_t) {
    AddText(*app_, "--profile", profile_, "Profile to write")
        ->capture_default_str()
        ->group(kFileGroup);
    app_->add_flag("--once", once_, "Write it once, and end")->group(kFileGroup);
    AddRoleFlags(*app_, flags_);
  });
}

Result<void> UpdateCommand::Run(const daemon::EndSignals& end_signals) const {
  const auto role = FindRole(*app_, flags_);
  if (!role) return tl::unexpected(role.error());
  const auto library = StartLibrary(role->key);
  if (!library) return tl::unexpected(library.error());
  IdentityPool identities(*library, Prompting::kNever);
  const auto session =
      RoleSession::Create(*library, *role, identities,
                          once_ ? RoleSession::Retrying::kHere : RoleSession::Retrying::kElsewhere);
  if (!session) return tl::unexpected(session.error());
  WarnOfUnverified(role->service);
  const auto file = FindCredentialsFile(profile_);
  if (!file) return tl::unexpected(file.error());
  if (auto checked = CheckCredentialsFile(*file); !checked) return checked;
  return once_ ? UpdateOnce(*file, **session) : KeepUpdated(*file, **session, end_signals);
}

}  // namespace credmint::cli
