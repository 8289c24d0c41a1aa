// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/App.hpp>

#include "base/error.h"
#include "cli/role_options.h"
#include "config/configuration.h"

namespace credmint::cli {

/// A role of the configuration file: what was made of it, and where it stands.
struct FileRole {
  RoleOptions options;
  const Section* role = nullptr;
  const Section* identity = nullptr;  ///< null: none
};

/// Checks what a role's settings say, one after the other and together, as far as that is possible
/// without opening anything. Fails as those do who use them, with file and line of the setting in
/// front, or of the role's header where one is missing; without them if a flag is at fault.
Result<void> CheckRole(const CLI::App& command, const Configuration& file, const FileRole& role);

/// Has messages about what is seen only in use, the endpoint and the CA bundle, say file and line.
void NameSources(const CLI::App& command, const Configuration& file, FileRole& role);

}  // namespace credmint::cli
