// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/App.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "config/configuration.h"
#include "config/mistake.h"
#include "daemon/server_options.h"

namespace credmint::cli {

/// Adds --allow-user, also as the setting `allow-users`.
CLI::Option* AddAllowUsers(CLI::App& command, std::vector<std::string>& users);

/// Adds the flags that set where `serve` listens and which requests it answers.
void AddServerFlags(CLI::App& command, daemon::ServerOptions& options);

/// The options of `serve` with a configuration file: its section [serve], which the flags typed to
/// `command` override. Without a file they are `typed`. Fails as ApplySettings() does.
Result<daemon::ServerOptions> ReadServerOptions(const CLI::App& command,
                                                const std::optional<Configuration>& file,
                                                const daemon::ServerOptions& typed);

/// Reads the section [serve] alone, and adds all its mistakes.
daemon::ServerOptions CheckServerSettings(const Section& serve, Mistakes& mistakes);

}  // namespace credmint::cli
