// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "config/configuration.h"

namespace credmint {

/// Returns those default configuration files that exist: the user's,
/// $XDG_CONFIG_HOME/credmint/config.toml or ~/.config/credmint/config.toml, and the system's,
/// /etc/credmint/config.toml. Only the first is read.
std::vector<std::string> FindConfigurationFiles();

/// Returns the first of them, or nothing if there is none.
std::optional<std::string> FindConfigurationFile();

/// Reads and parses a configuration file. The file decides which library is loaded and which key is
/// used. It must therefore be a regular file, owned by this user or root, and not writable by
/// everyone. Fails with kLocalIo, or like ParseConfiguration().
Result<Configuration> ReadConfigurationFile(const std::string& path);

/// The same, but adds the mistakes in the text, and returns what is right (ParseConfiguration).
Result<Configuration> ReadConfigurationFile(const std::string& path, Mistakes& mistakes);

}  // namespace credmint
