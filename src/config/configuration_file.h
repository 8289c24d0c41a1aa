// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "config/configuration.h"

namespace credmint {

/// Returns the default configuration file: the user's, $XDG_CONFIG_HOME/credmint/config.toml or
/// ~/.config/credmint/config.toml, or else the system's, /etc/credmint/config.toml. Returns nothing
/// if neither exists.
std::optional<std::string> FindConfigurationFile();

/// Reads and parses a configuration file. The file decides which library is loaded and which key is
/// used. It must therefore be a regular file, owned by this user or root, and not writable by
/// everyone. Fails with kLocalIo, or like ParseConfiguration().
Result<Configuration> ReadConfigurationFile(const std::string& path);

}  // namespace credmint
