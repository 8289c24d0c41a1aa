// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/App.hpp>
#include <optional>

#include "base/error.h"
#include "cli/options/role_options.h"
#include "daemon/end_signals.h"
#include "daemon/role_server.h"
#include "daemon/server_options.h"

namespace credmint::cli {

/// `credmint serve`: gives credentials out by HTTP, as EC2's metadata service and as the agent of a
/// container (serve/routes.h), and keeps them fresh until SIGTERM or SIGINT, which it ends by with
/// success; a second one ends it at once. SIGHUP has the configuration file read again, credentials
/// minted anew, and the secrets of --passin and its like read again; a file that is wrong is
/// reported, and changes nothing. Where it listens stays as it was.
///
/// Listens on the socket of a service manager if there is one, else where --listen and --port say.
/// Prints the variables by which SDKs find it once it listens. Nothing is asked for; what fails
/// later is written to stderr and tried again.
class ServeCommand {
 public:
  explicit ServeCommand(CLI::App& app);
  [[nodiscard]] const CLI::App& app() const { return *app_; }
  [[nodiscard]] Result<void> Run(const daemon::EndSignals& end_signals) const;

 private:
  [[nodiscard]] Result<daemon::ServerOptions> Options(
      const std::optional<Configuration>& file) const;
  [[nodiscard]] Result<void> Reload(daemon::RoleServer& server) const;

  CLI::App* app_;
  RoleFlags flags_;
  daemon::ServerOptions server_;
};

}  // namespace credmint::cli
