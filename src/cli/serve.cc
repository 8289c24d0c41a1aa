#include "cli/serve.h"

#include <signal.h>

#include <future>
#include <utility>

#include "cli/output.h"
#include "cli/settings.h"
#include "serve/service_manager.h"

namespace credmint::cli {
namespace {

/// Meanwhile tells a service manager that wants to know that all is well, as long as it is.
void WaitFor(const std::future<void>& end, const RoleServer& server) {
  const auto time = serve::WatchdogTime();
  if (!time) return end.wait();
  while (end.wait_for(*time / 2) == std::future_status::timeout) {
    if (server.IsContent()) serve::NotifyManager("WATCHDOG=1");
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

Result<void> ServeCommand::Run(const EndSignals& end_signals) const {
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

Result<void> ServeCommand::RunUntilTold(RoleServer& server, const EndSignals& end_signals) const {
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
  if (written) {
    serve::NotifyManager("READY=1");
    WaitFor(end.get_future(), server);
  }
  end_signals.SetHandler(nullptr);
  serve::NotifyManager("STOPPING=1");
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
