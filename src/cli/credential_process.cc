#include "cli/credential_process.h"

#include "cli/cache_key.h"
#include "cli/output.h"
#include "credentials/disk_cache.h"
#include "credentials/process_json.h"

namespace credmint::cli {

CredentialProcessCommand::CredentialProcessCommand(CLI::App& app)
    : app_(app.add_subcommand("credential-process",
                              "Mint credentials and print them for a credential_process")) {
  app_->preparse_callback([this](std::size_t) {
    AddServiceFlags(*app_, service_);
    AddKeyFlags(*app_, key_);
    app_->add_flag("--cache", cache_,
                   "Share credentials with other processes by a file that only you can read, in "
                   "$XDG_RUNTIME_DIR/credmint or $RUNTIME_DIRECTORY");
  });
}

Result<void> CredentialProcessCommand::Run() const {
  StartLog(key_);
  const auto credentials = cache_ ? FromCache() : Mint();
  if (!credentials) return tl::unexpected(credentials.error());
  if (auto written = WriteResult(FormatProcessJson(*credentials).Reveal()); !written) {
    return written;
  }
  return WriteResult("\n");
}

Result<Credentials> CredentialProcessCommand::FromCache() const {
  const auto request = MakeSessionRequest(service_);
  if (!request) return tl::unexpected(request.error());
  auto key = MakeCacheKey(key_, service_, *request);
  if (!key) return Fail(std::move(key));
  auto folder = CacheFolder::Open();
  if (!folder) return Fail(std::move(folder), "--cache");
  DiskCache cache(
      *std::move(folder), *std::move(key), [this] { return Mint(); }, Timeout(service_));
  return cache.Get();
}

Result<Credentials> CredentialProcessCommand::Mint() const {
  auto library = StartLibrary(key_);
  if (!library) return Fail(std::move(library));
  auto session_options = MakeSessionOptions(service_);
  if (!session_options) return Fail(std::move(session_options));
  auto opener = MakeKeyOpener(*library, key_, Prompting::kAtTerminal);
  if (!opener) return Fail(std::move(opener));

  auto transport_options = MakeTransportOptions(service_);
  if (!transport_options) return Fail(std::move(transport_options));
  const auto transport = MakeCurlTransport(*std::move(transport_options));
  Session session(
      *std::move(session_options), *library, [&] { return OpenIdentity(*opener, key_); },
      *transport);
  return session.Get();
}

}  // namespace credmint::cli
