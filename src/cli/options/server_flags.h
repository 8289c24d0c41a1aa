// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/App.hpp>

#include "daemon/server_options.h"

namespace credmint::cli {

/// Adds the flags that set where `serve` listens and which requests it answers.
void AddServerFlags(CLI::App& command, daemon::ServerOptions& options);

}  // namespace credmint::cli
