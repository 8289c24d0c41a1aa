// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/serve.h"

#include <malloc.h>

#include <algorithm>
#include <utility>

#include "cli/options/hidden_places.h"
#include "cli/options/server_flags.h"
#include "cli/options/start_library.h"
#include "cli/output/help_text.h"
#include "cli/output/output.h"
#include "cli/output/role_reports.h"
#include "cli/output/server_addresses.h"
#include "daemon/run_until_told.h"
#include "doctor/server_health.h"
#include "ossl/stores.h"

namespace credmint::cli {
namespace {

constexpr std::chrono::seconds kMargin{10};

}  // namespace

ServeCommand::ServeCommand(CLI::App& app)
    : app_(app.add_subcommand("serve", "Serve credentials over HTTP, as EC2 and containers do")) {
  app_->preparse_callback([this](std::size_t) {
    SetHelp(*app_, {.needs = kNeedsRole, .example = "credmint serve --role web --port 9912"});
    AddServerFlags(*app_, server_);
    app_->add_flag("--check", check_,
                   "Start nothing: ask the serve with this configuration whether each role has "
                   "credentials");
    AddRoleFlags(*app_, flags_);
  });
}

Result<void> ServeCommand::Run() const {
  mallopt(M_ARENA_MAX, 1);  // threads do not compete here, and one heap is smaller than several
  StartLogOfService(flags_.given.process);  // for mistakes in the configuration
  const auto file = ReadConfiguration(flags_);
  if (!file) return Fail(file);
  auto options = ReadServerOptions(*app_, *file, server_);
  if (!options) return Fail(std::move(options));
  if (check_) return CheckRunningServer(*options);
  auto wanted = FindRoles(*app_, flags_, *file);
  if (!wanted) return Fail(std::move(wanted));
  StartLogOfService(wanted->process);
  wanted->Log();
  if (const auto limit = KeyTimeout(wanted->process)) {
    options->longest_key_use = std::max(options->longest_key_use, *limit + kMargin);
  }
  wanted->process.secret_files.push_back(options->token_file);
  IgnoreOpensslVariables(wanted->process);
  const auto library = StartLibrary(wanted->process, Running::kUntilTold);
  if (!library) return Fail(library);
  RestrictThisProcess(wanted->process);
  const auto& end_signals = daemon::EndSignals::OfThisProcess();
  const auto server =
      daemon::RoleServer::Start(*library, std::move(wanted->roles), *options, ReportRoles(),
                                ReportUsers(), ReportingEnvironment(LogLevel::kInfo));
  if (!server) return Fail(server);
  return daemon::ServeUntilTold(
      **server, end_signals, [&] { return WriteResult(ServerVariables((*server)->places())); },
      [&] {
        auto reloaded = Reload(**server, *library);
        if (!reloaded) ReportError(std::move(reloaded).error().In("reloading"));
      });
}

Result<void> ServeCommand::CheckRunningServer(const daemon::ServerOptions& options) const {
  if (options.status_port.value_or(0) == 0) {
    return Fail(ErrorCode::kUsage, "serve has no status port that can be asked",
                "set status-port or status-listen in [serve]");
  }
  auto checked = doctor::CheckServerHealth(options.status_listen, *options.status_port);
  if (!checked) return checked;
  return WriteResult("ok\n");
}

Result<void> ServeCommand::Reload(daemon::RoleServer& server, const LibraryContext& library) const {
  auto file = ReadConfiguration(flags_);
  if (!file) return Fail(std::move(file));
  auto options = ReadServerOptions(*app_, *file, server_);
  if (!options) return Fail(std::move(options));
  auto wanted = FindRoles(*app_, flags_, *file);
  if (!wanted) return Fail(std::move(wanted));
  wanted->Log();
  wanted->process.secret_files.push_back(options->token_file);
  if (Stores* const stores = library.stores()) {
    stores->SetHidden(HiddenPlaces(wanted->process.secret_files));
  }
  return server.Serve(std::move(wanted->roles), options->allow_users);
}

}  // namespace credmint::cli
