// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/App.hpp>
#include <string>
#include <vector>

#include "base/error.h"
#include "cli/options/key_options.h"
#include "cli/options/role_options.h"
#include "config/configuration.h"

namespace credmint::cli {

/// A further identity of a role.
struct FileSpare {
  KeyOptions key;
  const Section* identity;
};

/// A role of the configuration file: its options, and the sections that they come from.
struct FileRole {
  RoleOptions options;
  const Section* role = nullptr;
  const Section* identity = nullptr;  ///< null: none
  std::vector<FileSpare> spares = {};
};

/// The roles of these names in the order given, each once, or else all of the file in its order.
/// Flags that were typed to `command` override the file. The sections must outlive the result.
///
/// The whole file is checked, even what no chosen role uses. A role that is not chosen costs little
/// more than its own settings, so a file may have thousands.
///
/// Fails with kUsage if the file has no role or none of such a name, and as ApplySettings() and
/// FindIdentities() do.
Result<std::vector<FileRole>> FindFileRoles(const CLI::App& command, const Configuration& file,
                                            const std::vector<std::string>& names);

}  // namespace credmint::cli
