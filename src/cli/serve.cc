#include "cli/serve.h"

#include <fmt/format.h>
#include <signal.h>
#include <stdlib.h>

#include <atomic>
#include <filesystem>
#include <future>
#include <optional>
#include <utility>

#include "base/random_text.h"
#include "cli/output.h"
#include "cli/text_option.h"
#include "credentials/refresher.h"
#include "serve/host_check.h"
#include "serve/http_server.h"
#include "serve/routes.h"
#include "serve/service_manager.h"
#include "serve/token_file.h"

namespace credmint::cli {
namespace {

constexpr const char* kServerGroup = "Server";
constexpr std::size_t kTokenBytes = 32;

Result<serve::ListenSocket> Listen(const std::string& address, std::uint16_t port) {
  auto socket = serve::SocketOfManager();
  if (!socket) return Fail(std::move(socket));
  if (*socket) return **std::move(socket);
  return serve::ListenSocket::Open(address, port);
}

/// Where the token goes if no flag says it: a folder that is this user's alone. Empty: there is
/// none.
std::string DefaultTokenFile() {
  for (const auto& [variable, name] :
       {std::pair{"RUNTIME_DIRECTORY", "token"}, std::pair{"XDG_RUNTIME_DIR", "credmint-token"}}) {
    const char* folder = getenv(variable);
    if (folder != nullptr && folder[0] == '/') return fmt::format("{}/{}", folder, name);
  }
  return "";
}

/// A new token, in the file; an empty one, which opens nothing, if there is no file for it.
Result<Secret> MakeToken(const std::string& file) {
  if (file.empty()) return Secret();
  auto token = RandomHex(kTokenBytes);
  if (!token) return Fail(std::move(token), "making a token");
  if (auto written = serve::WriteTokenFile(file, *token); !written) {
    return Fail(std::move(written));
  }
  return token;
}

serve::Role MakeRole(const SessionRequest& request) {
  const Arn& arn = request.role();
  return {arn.resource.substr(arn.resource.rfind('/') + 1), arn.account, arn.partition,
          request.region(), nullptr};
}

std::string ShellQuoted(const std::string& text) {
  constexpr const char* kPlain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/._-";
  if (text.find_first_not_of(kPlain) == std::string::npos) return text;
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? "'\\''" : std::string(1, c);
  return quoted + "'";
}

std::string Variables(const serve::ListenSocket& socket, const std::string& role,
                      const std::string& token_file) {
  const std::string url = "http://" + socket.Authority();
  std::string text;
  if (!token_file.empty()) {
    text += fmt::format(
        "export AWS_CONTAINER_CREDENTIALS_FULL_URI={0}/role/{1}\n"
        "export AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE={2}\n"
        "# SDKs from before 2024: AWS_CONTAINER_AUTHORIZATION_TOKEN=\"$(cat {2})\"\n",
        url, role, ShellQuoted(std::filesystem::absolute(token_file)));
  }
  if (serve::IsLoopback(socket.address())) {
    // With a slash, because older botocore adds none; what others then double, Imds forgives.
    text += fmt::format("{}export AWS_EC2_METADATA_SERVICE_ENDPOINT={}/\n",
                        text.empty() ? "" : "# or, for programs that do not know these:\n", url);
  }
  return text;
}

/// Says that it is ready, and returns when a signal has said so. `reloading` is set before the
/// refresher is asked to.
Result<void> WaitForTheEnd(Refresher& refresher, std::atomic<bool>& reloading,
                           const EndSignals& end_signals, const std::string& variables) {
  std::promise<void> end;
  bool ending = false;
  end_signals.SetHandler([&](int number) {
    if (number == SIGHUP) {
      reloading = true;
      refresher.Reload();
      return true;
    }
    if (ending) return false;
    ending = true;
    end.set_value();
    return true;
  });
  auto written = WriteResult(variables);
  if (written) {
    serve::NotifyManager("READY=1");
    end.get_future().wait();
  }
  end_signals.SetHandler(nullptr);
  serve::NotifyManager("STOPPING=1");
  return written;
}

}  // namespace

ServeCommand::ServeCommand(CLI::App& app)
    : app_(app.add_subcommand(
          "serve", "Give credentials out by HTTP, as EC2's metadata service and containers do")) {
  app_->preparse_callback([this](std::size_t) {
    app_->add_option("--port", port_, "TCP port to listen on, 0 for any")
        ->capture_default_str()
        ->group(kServerGroup);
    AddText(*app_, "--listen", listen_,
            "IP address to listen on; beyond loopback there are container credentials only")
        ->capture_default_str()
        ->group(kServerGroup);
    AddText(*app_, "--token-file", token_file_,
            "File for the token that container credentials are given for (default: one in "
            "$RUNTIME_DIRECTORY or $XDG_RUNTIME_DIR)")
        ->group(kServerGroup);
    app_->add_option("--hop-limit", hop_limit_,
                     "IP hop limit of answers with a metadata token, 1 to 255")
        ->capture_default_str()
        ->check(CLI::Range(1, 255))
        ->group(kServerGroup);
    AddServiceFlags(*app_, service_);
    AddKeyFlags(*app_, key_);
  });
}

Result<void> ServeCommand::Run(const EndSignals& end_signals) const {
  auto library = StartLibrary(key_);
  if (!library) return Fail(std::move(library));
  auto session_options = MakeSessionOptions(service_);
  if (!session_options) return Fail(std::move(session_options));
  session_options->max_attempts = 1;  // the refresher tries again
  auto opener = MakeKeyOpener(*library, key_, Prompting::kNever);
  if (!opener) return Fail(std::move(opener));
  auto transport_options = MakeTransportOptions(service_);
  if (!transport_options) return Fail(std::move(transport_options));

  auto socket = Listen(listen_, port_);
  if (!socket) return Fail(std::move(socket));
  const std::string token_file = token_file_.empty() ? DefaultTokenFile() : token_file_;
  if (token_file.empty() && !serve::IsLoopback(socket->address())) {
    return Fail(ErrorCode::kUsage, fmt::format("listening on {} needs a token", socket->address()),
                "--token-file names a file for it");
  }
  auto token = MakeToken(token_file);
  if (!token) return Fail(std::move(token));

  serve::Role role = MakeRole(session_options->request);
  const std::string variables = Variables(*socket, role.name, token_file);
  const std::string address = socket->address();
  std::atomic<bool> reloading = false;
  const auto transport = MakeCurlTransport(*std::move(transport_options));
  const auto identity = [&] {
    if (reloading.exchange(false)) opener->ForgetSecrets();
    return OpenIdentity(*opener, key_);
  };
  Session session(*std::move(session_options), *library, identity, *transport);
  Refresher refresher(session, {nullptr, [](const Error& error) { ReportError(error); }});
  role.source = &refresher;
  serve::Routes routes(role, *std::move(token), address);
  const auto server = serve::HttpServer::Start(
      *std::move(socket), [&](const serve::Request& request) { return routes.Answer(request); },
      {.hop_limit = hop_limit_});
  if (!server) return tl::unexpected(server.error());
  return WaitForTheEnd(refresher, reloading, end_signals, variables);
}

}  // namespace credmint::cli
