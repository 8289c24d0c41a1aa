#include "cli/credential_process.h"

#include "cli/output.h"
#include "credentials/process_json.h"

namespace credmint::cli {

CredentialProcessCommand::CredentialProcessCommand(CLI::App& app)
    : app_(app.add_subcommand("credential-process",
                              "Mint credentials and print them for a credential_process")) {
  app_->preparse_callback([this](std::size_t) {
    AddServiceFlags(*app_, service_);
    AddKeyFlags(*app_, key_);
  });
}

Result<void> CredentialProcessCommand::Run() const {
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
  const auto credentials = session.Get();
  if (!credentials) return tl::unexpected(credentials.error());
  if (auto written = WriteResult(FormatProcessJson(*credentials).Reveal()); !written) {
    return written;
  }
  return WriteResult("\n");
}

}  // namespace credmint::cli
