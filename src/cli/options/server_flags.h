// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/App.hpp>
#include <string>
#include <vector>

#include "daemon/server_options.h"

namespace credmint::cli {

/// Adds --allow-user, also as the setting `allow-users`.
CLI::Option* AddAllowUsers(CLI::App& command, std::vector<std::string>& users);

/// Adds the flags that set where `serve` listens and which requests it answers.
void AddServerFlags(CLI::App& command, daemon::ServerOptions& options);

}  // namespace credmint::cli
