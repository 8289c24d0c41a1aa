// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/App.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "cli/options/key_options.h"
#include "cli/options/process_options.h"
#include "cli/options/service_options.h"
#include "config/configuration.h"
#include "roles/role.h"

namespace credmint::cli {

/// All that decides which credentials are minted, and how, as typed or set.
struct RoleOptions {
  ProcessOptions process;
  KeyOptions key;
  ServiceOptions service;
  bool cache = false;
};

/// The flags that say whose credentials are wanted: roles of the configuration file by their names,
/// or everything about one of them. What is given here overrides the file.
struct RoleFlags {
  std::string config;
  std::vector<std::string> roles;
  RoleOptions given;
};

/// Adds --config, --role and those of service_options.h, key_options.h and process_options.h.
void AddRoleFlags(CLI::App& command, RoleFlags& flags);

void AddCacheFlag(CLI::App& command, bool& cache);

/// The configuration file, if one is to be read: that of --config, else the one that is found
/// (FindConfigurationFile()) where --role is given or where no flag says which key and which role.
/// Fails with kUsage if there is none for --role, else as ReadConfigurationFile().
Result<std::optional<Configuration>> ReadConfiguration(const RoleFlags& flags);

/// What is wanted: roles, at least one, and what the process as a whole is to do.
struct WantedRoles {
  std::vector<roles::Role> roles;
  ProcessOptions process;
  std::vector<std::string> notes;  ///< for --debug, each once

  /// Says in the log what the surroundings said, and what should not be.
  void Log() const;
};

enum class HowMany { kAny, kOne };

/// The roles that are wanted: those of --role in its order, else all of the file in its order;
/// without a file the one of the flags. The whole file is checked, whatever is wanted of it. Fails
/// with kUsage for a role that the file has not, for --role-arn where there are several, for
/// several where one is wanted, and where neither file nor flags say the role; as ApplySettings();
/// and, for those that are wanted, as ParseSession(), ParseIdentity() and
/// CheckCertificateIsGiven(), with file and line of the setting in front, or of the role's header
/// where one is missing; without them if a flag is at fault.
Result<WantedRoles> FindRoles(const CLI::App& command, const RoleFlags& flags,
                              const std::optional<Configuration>& file,
                              HowMany how_many = HowMany::kAny);

/// The one role that is wanted, of whichever file there is.
Result<WantedRoles> FindRole(const CLI::App& command, const RoleFlags& flags);

}  // namespace credmint::cli
