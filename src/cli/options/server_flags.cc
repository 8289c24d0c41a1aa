// SPDX-License-Identifier: Apache-2.0
#include "cli/options/server_flags.h"

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "cli/options/text_option.h"

namespace credmint::cli {
namespace {

constexpr const char* kServerGroup = "Server";
constexpr long long kMostPort = 65535;

}  // namespace

void AddServerFlags(CLI::App& command, daemon::ServerOptions& options) {
  command.add_option("--port", options.port, "TCP port to listen on; 0 picks a free one")
      ->check(WholeNumber(0, kMostPort))
      ->capture_default_str()
      ->group(kServerGroup);
  AddText(command, "--listen", options.listen,
          "IP address to listen on; beyond loopback, container credentials only")
      ->capture_default_str()
      ->group(kServerGroup);
  AddPlace(command, "--token-file", options.token_file,
           "File for the token of container credentials (default: a file in $RUNTIME_DIRECTORY or "
           "$XDG_RUNTIME_DIR)",
           "a path")
      ->group(kServerGroup);
  command
      .add_option("--hop-limit", options.hop_limit,
                  "IP hop limit of responses with a metadata token, 1 to 255")
      ->capture_default_str()
      ->check(WholeNumber(1, 255))
      ->group(kServerGroup);
  command
      .add_option(
          "--status-port", options.status_port,
          "TCP port on 127.0.0.1 for /healthz and /metrics; 0 picks a free one (default: none)")
      ->check(WholeNumber(0, kMostPort))
      ->group(kServerGroup);
}

}  // namespace credmint::cli
