#include "cli/serve.h"

#include <fmt/format.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>

#include <filesystem>
#include <functional>
#include <future>
#include <optional>
#include <utility>
#include <vector>

#include "base/random_text.h"
#include "cli/output.h"
#include "cli/settings.h"
#include "serve/host_check.h"
#include "serve/http_server.h"
#include "serve/routes.h"
#include "serve/service_manager.h"
#include "serve/status.h"
#include "serve/token_file.h"
#include "serve/watchdog.h"

namespace credmint::cli {
namespace {

constexpr std::size_t kTokenBytes = 32;
constexpr const char* kStatusAddress = "127.0.0.1";

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

std::string ShellQuoted(const std::string& text) {
  constexpr const char* kPlain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/._-";
  if (text.find_first_not_of(kPlain) == std::string::npos) return text;
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? "'\\''" : std::string(1, c);
  return quoted + "'";
}

std::string Variables(const serve::ListenSocket& socket, const std::vector<serve::Role>& roles,
                      const std::string& token_file) {
  const std::string url = "http://" + socket.Authority();
  std::string text;
  if (!token_file.empty()) {
    for (const serve::Role& role : roles) {
      text += fmt::format("{}export AWS_CONTAINER_CREDENTIALS_FULL_URI={}/role/{}\n",
                          text.empty() ? "" : "# or\n", url, role.name);
    }
    text += fmt::format(
        "export AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE={0}\n"
        "# SDKs from before 2024: AWS_CONTAINER_AUTHORIZATION_TOKEN=\"$(cat {0})\"\n",
        ShellQuoted(std::filesystem::absolute(token_file)));
  }
  if (serve::IsLoopback(socket.address())) {
    // With a slash, because older botocore adds none; what others then double, Imds forgives.
    text += fmt::format("{}export AWS_EC2_METADATA_SERVICE_ENDPOINT={}/\n",
                        text.empty() ? "" : "# or, for programs that do not know these:\n", url);
  }
  return text;
}

/// For the status; nothing without `port`.
Result<std::optional<serve::ListenSocket>> ListenForStatus(std::optional<std::uint16_t> port) {
  if (!port) return std::nullopt;
  auto socket = serve::ListenSocket::Open(kStatusAddress, *port);
  if (!socket) return Fail(std::move(socket), "--status-port");
  return *std::move(socket);
}

std::string StatusLine(const std::optional<serve::ListenSocket>& socket) {
  if (!socket) return "";
  return fmt::format("# for whoever watches over it: http://{0}/healthz http://{0}/metrics\n",
                     socket->Authority());
}

/// A null pointer without a socket.
Result<std::unique_ptr<serve::HttpServer>> StartStatus(std::optional<serve::ListenSocket> socket,
                                                       const serve::Status& status,
                                                       serve::WaitingRequests& waiting) {
  if (!socket) return nullptr;
  return serve::HttpServer::Start(
      *std::move(socket), [&](const serve::Request& request) { return status.Answer(request); },
      waiting);
}

/// Meanwhile tells a service manager that wants to know that all is well, as long as it is.
void WaitFor(const std::future<void>& end, const serve::Watchdog& watchdog) {
  const auto time = serve::WatchdogTime();
  if (!time) return end.wait();
  while (end.wait_for(*time / 2) == std::future_status::timeout) {
    if (watchdog.IsContent()) serve::NotifyManager("WATCHDOG=1");
  }
}

/// Says that it is ready, and returns when a signal has said so.
Result<void> WaitForTheEnd(const std::function<void()>& reload, const EndSignals& end_signals,
                           const std::string& variables, const serve::Watchdog& watchdog) {
  std::promise<void> end;
  bool ending = false;
  end_signals.SetHandler([&](int number) {
    if (number == SIGHUP) {
      reload();
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
    WaitFor(end.get_future(), watchdog);
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
    AddServerFlags(*app_, server_);
    AddRoleFlags(*app_, flags_);
  });
}

Result<void> ServeCommand::Run(const EndSignals& end_signals) const {
  mallopt(M_ARENA_MAX, 1);  // threads here do not compete, and one heap is smaller than several
  const auto file = ReadConfiguration(flags_);
  if (!file) return tl::unexpected(file.error());
  const auto options = Server(*file);
  if (!options) return tl::unexpected(options.error());
  auto wanted = FindRoles(*app_, flags_, *file);
  if (!wanted) return Fail(std::move(wanted));
  const auto library = StartLibrary(wanted->front().key);
  if (!library) return tl::unexpected(library.error());
  serve::WaitingRequests waiting;
  ServedRoles served(*library, [&] {
    waiting.Wake();
    malloc_trim(0);  // all CAs of the system were in memory
  });
  if (auto set = served.Set(*std::move(wanted)); !set) return set;

  auto socket = Listen(options->listen, options->port);
  if (!socket) return Fail(std::move(socket));
  auto status_socket = ListenForStatus(options->status_port);
  if (!status_socket) return Fail(std::move(status_socket));
  const std::string address = socket->address();
  const std::string token_file =
      options->token_file.empty() ? DefaultTokenFile() : options->token_file;
  if (token_file.empty() && !serve::IsLoopback(address)) {
    return Fail(ErrorCode::kUsage, fmt::format("listening on {} needs a token", address),
                "--token-file names a file for it");
  }
  auto token = MakeToken(token_file);
  if (!token) return Fail(std::move(token));

  served.Start();
  const std::string variables =
      Variables(*socket, served.roles(), token_file) + StatusLine(*status_socket);
  serve::Roles roles(served.roles());
  serve::Routes routes(roles, *std::move(token), address);
  serve::RequestCounts requests;
  const auto answer = [&](const serve::Request& request) {
    serve::Response response = routes.Answer(request);
    requests.Add(request, response);
    return response;
  };
  const auto server = serve::HttpServer::Start(*std::move(socket), answer, waiting,
                                               {.hop_limit = options->hop_limit});
  if (!server) return tl::unexpected(server.error());
  const auto states = [&] { return served.States(); };
  const serve::Status status(states,
                             {[&] { return requests.Read(); }, [&] { return routes.tokens(); },
                              [&] { return (*server)->connections(); }},
                             kStatusAddress);
  serve::WaitingRequests nobody;
  const auto status_server = StartStatus(*std::move(status_socket), status, nobody);
  if (!status_server) return tl::unexpected(status_server.error());
  const auto reload = [&] {
    if (auto reloaded = Reload(served, roles); !reloaded) ReportError(reloaded.error());
    waiting.Wake();
  };
  const serve::Watchdog watchdog([&] { return (*server)->SinceTurn(); }, states);
  return WaitForTheEnd(reload, end_signals, variables, watchdog);
}

Result<ServerOptions> ServeCommand::Server(const std::optional<Configuration>& file) const {
  if (!file) return server_;
  ServerOptions options;
  CLI::App settings;
  AddServerFlags(settings, options);
  if (auto applied = ApplySettings(*file, file->serve, settings); !applied) {
    return Fail(std::move(applied));
  }
  ApplyFlags(*app_, settings);
  return options;
}

Result<void> ServeCommand::Reload(ServedRoles& served, serve::Roles& roles) const {
  const auto file = ReadConfiguration(flags_);
  if (!file) return Fail(Result<void>(tl::unexpected(file.error())), "reloading");
  auto wanted = FindRoles(*app_, flags_, *file);
  if (!wanted) return Fail(std::move(wanted), "reloading");
  if (auto set = served.Set(*std::move(wanted)); !set) return Fail(std::move(set), "reloading");
  served.Start();
  roles.Set(served.roles());
  return {};
}

}  // namespace credmint::cli
