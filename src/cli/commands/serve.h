// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/App.hpp>
#include <optional>

#include "base/error.h"
#include "cli/options/role_options.h"
#include "daemon/role_server.h"
#include "daemon/server_options.h"

namespace credmint::cli {

/// `credmint serve`: gives out credentials over HTTP, as the EC2 metadata service and as the agent
/// of a container (serve/api/routes.h), and keeps them fresh.
///
/// SIGTERM and SIGINT end it with success; a second one ends it at once. SIGHUP makes it read the
/// configuration file and the secrets (--passin and similar options) again, and mint. A file with
/// an error is reported and changes nothing. The listening address never changes.
///
/// Listens on the socket of a service manager, or else where --listen and --port say. Once it
/// listens, prints the variables by which SDKs find it. Never asks for a secret. Later failures are
/// written to stderr and retried.
///
/// With --check it starts nothing. It asks the one that runs for its health
/// (doctor/server_health.h).
class ServeCommand {
 public:
  explicit ServeCommand(CLI::App& app);
  [[nodiscard]] const CLI::App& app() const { return *app_; }
  [[nodiscard]] Result<void> Run() const;

 private:
  [[nodiscard]] Result<void> CheckRunningServer(const daemon::ServerOptions& options) const;
  [[nodiscard]] Result<void> Reload(daemon::RoleServer& server,
                                    const LibraryContext& library) const;

  CLI::App* app_;
  RoleFlags flags_;
  daemon::ServerOptions server_;
  bool check_ = false;
};

}  // namespace credmint::cli
