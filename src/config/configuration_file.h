// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "config/configuration.h"

namespace credmint {

/// The configuration file that is read when none is named: the user's own,
/// $XDG_CONFIG_HOME/credmint/config.toml or ~/.config/credmint/config.toml, else the system's,
/// /etc/credmint/config.toml. Nothing if there is neither.
std::optional<std::string> FindConfigurationFile();

/// Reads and parses it. It says which library is loaded and which key is used, so it must be a
/// regular file of this user's or root's that others cannot write. Fails with kLocalIo, else as
/// ParseConfiguration().
Result<Configuration> ReadConfigurationFile(const std::string& path);

}  // namespace credmint
