#include "cli/update.h"

#include <signal.h>

#include <atomic>

#include "cli/output.h"
#include "cli/text_option.h"
#include "credentials/credentials_file_writer.h"
#include "credentials/profile_keeper.h"

namespace credmint::cli {
namespace {

constexpr const char* kFileGroup = "File";

Result<void> UpdateOnce(const CredentialsFile& file, CredentialSource& source) {
  const auto credentials = source.Get();
  if (!credentials) return tl::unexpected(credentials.error());
  return WriteCredentials(file, *credentials);
}

/// `reloading` is set before the source is asked because of SIGHUP.
Result<void> KeepUpdated(const CredentialsFile& file, CredentialSource& source,
                         std::atomic<bool>& reloading, const EndSignals& end_signals) {
  ProfileKeeper keeper(source, file, [](const Error& error) { ReportError(error); });
  bool ending = false;
  end_signals.SetHandler([&](int number) {
    if (number == SIGHUP) {
      reloading = true;
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
    AddServiceFlags(*app_, service_);
    AddKeyFlags(*app_, key_);
  });
}

Result<void> UpdateCommand::Run(const EndSignals& end_signals) const {
  auto library = StartLibrary(key_);
  if (!library) return Fail(std::move(library));
  auto session_options = MakeSessionOptions(service_);
  if (!session_options) return Fail(std::move(session_options));
  if (!once_) session_options->max_attempts = 1;  // the refresher tries again
  auto opener = MakeKeyOpener(*library, key_, Prompting::kNever);
  if (!opener) return Fail(std::move(opener));
  auto transport_options = MakeTransportOptions(service_);
  if (!transport_options) return Fail(std::move(transport_options));
  const auto file = FindCredentialsFile(profile_);
  if (!file) return tl::unexpected(file.error());
  if (auto checked = CheckCredentialsFile(*file); !checked) return checked;

  std::atomic<bool> reloading = false;
  const auto transport = MakeCurlTransport(*std::move(transport_options));
  const auto identity = [&] {
    if (reloading.exchange(false)) opener->ForgetSecrets();
    return OpenIdentity(*opener, key_);
  };
  Session session(*std::move(session_options), *library, identity, *transport);
  return once_ ? UpdateOnce(*file, session) : KeepUpdated(*file, session, reloading, end_signals);
}

}  // namespace credmint::cli
