// SPDX-License-Identifier: Apache-2.0
#include "cli/serve.h"

#include <malloc.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <utility>

#include "cli/output.h"
#include "cli/settings.h"
#include "daemon/service_manager.h"

namespace credmint::cli {
namespace {

/// What is started after a server may ask at once, and not for long: with the first credentials
/// there, it is answered. A service that does not answer must not hold up the start of a machine.
constexpr std::chrono::seconds kLongestStart{30};
constexpr std::chrono::milliseconds kLook{50};

/// Meanwhile tells a service manager that wants to know that the server is ready, and that all is
/// well, as long as it is.
void WaitFor(const std::future<void>& end, RoleServer& server) {
  using std::chrono::steady_clock;
  const auto watchdog = daemon::WatchdogTime();
  const auto spacing = watchdog.value_or(std::chrono::microseconds(0)) / 2;
  const auto start = steady_clock::now();
  auto ping_at = watchdog ? start + spacing : steady_clock::time_point::max();
  bool is_ready = false;
  while (true) {
    const auto now = steady_clock::now();
    if (!is_ready && (server.HasAnswered() || now - start >= kLongestStart)) {
      is_ready = true;
      daemon::NotifyManager("READY=1");
    }
    if (now >= ping_at) {
      ping_at = now + spacing;
      if (server.IsContent()) daemon::NotifyManager("WATCHDOG=1");
    }
    if (is_ready && !watchdog) return end.wait();
    const auto next = is_ready ? ping_at : std::min<steady_clock::time_point>(ping_at, now + kLook);
    if (end.wait_until(next) == std::future_status::ready) return;
  }
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

Result<void> ServeCommand::Run(const daemon::EndSignals& end_signals) const {
  mallopt(M_ARENA_MAX, 1);  // threads here do not compete, and one heap is smaller than several
  const auto file = ReadConfiguration(flags_);
  if (!file) return tl::unexpected(file.error());
  const auto options = Options(*file);
  if (!options) return tl::unexpected(options.error());
  auto roles = FindRoles(*app_, flags_, *file);
  if (!roles) return Fail(std::move(roles));
  const auto library = StartLibrary(roles->front().key);
  if (!library) return tl::unexpected(library.error());
  const auto server = RoleServer::Start(*library, *std::move(roles), *options);
  if (!server) return tl::unexpected(server.error());
  return RunUntilTold(**server, end_signals);
}

Result<ServerOptions> ServeCommand::Options(const std::optional<Configuration>& file) const {
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

Result<void> ServeCommand::RunUntilTold(RoleServer& server,
                                        const daemon::EndSignals& end_signals) const {
  std::promise<void> end;
  bool ending = false;
  end_signals.SetHandler([&](int number) {
    if (number == SIGHUP) {
      if (auto reloaded = Reload(server); !reloaded) ReportError(reloaded.error());
      return true;
    }
    if (ending) return false;
    ending = true;
    end.set_value();
    return true;
  });
  auto written = WriteResult(server.addresses());
  if (written) WaitFor(end.get_future(), server);
  end_signals.SetHandler(nullptr);
  daemon::NotifyManager("STOPPING=1");
  return written;
}

Result<void> ServeCommand::Reload(RoleServer& server) const {
  auto file = ReadConfiguration(flags_);
  if (!file) return Fail(std::move(file), "reloading");
  if (auto options = Options(*file); !options) return Fail(std::move(options), "reloading");
  auto roles = FindRoles(*app_, flags_, *file);
  if (!roles) return Fail(std::move(roles), "reloading");
  auto served = server.Serve(*std::move(roles));
  if (!served) return Fail(std::move(served), "reloading");
  return {};
}

}  // namespace credmint::cli
