// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/App.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "cli/key_options.h"
#include "cli/service_options.h"
#include "config/configuration.h"

namespace credmint::cli {

/// All that decides which credentials are minted, and how.
struct RoleOptions {
  std::string name;  ///< in the configuration file; empty: from flags alone
  KeyOptions key;
  ServiceOptions service;
  bool cache = false;

  bool operator==(const RoleOptions&) const = default;
};

/// The flags that say whose credentials are wanted: roles of the configuration file by their names,
/// or everything about one of them. What is given here overrides the file.
struct RoleFlags {
  std::string config;
  std::vector<std::string> roles;
  RoleOptions given;
};

/// Adds --config, --role and those of service_options.h and key_options.h.
void AddRoleFlags(CLI::App& command, RoleFlags& flags);

void AddCacheFlag(CLI::App& command, bool& cache);

/// The configuration file, if one is to be read: that of --config, else the one that is found
/// (FindConfigurationFile()) where --role is given or where no flag says which key and which role.
/// Fails with kUsage if there is none for --role, else as ReadConfigurationFile().
Result<std::optional<Configuration>> ReadConfiguration(const RoleFlags& flags);

enum class HowMany { kAny, kOne };

/// The roles that are wanted, at least one: those of --role in its order, else all of the file in
/// its order; without a file the one of the flags. The whole file is checked, whatever is wanted of
/// it. Fails with kUsage for a role that the file has not, for --role-arn where there are several,
/// where neither file nor flags say the role, and for several where one is wanted; else as
/// ApplySettings() and, for those that are wanted, CheckRole().
Result<std::vector<RoleOptions>> FindRoles(const CLI::App& command, const RoleFlags& flags,
                                           const std::optional<Configuration>& file,
                                           HowMany how_many = HowMany::kAny);

/// The one role that is wanted; kUsage if there are several.
Result<RoleOptions> FindRole(const CLI::App& command, const RoleFlags& flags);

}  // namespace credmint::cli
