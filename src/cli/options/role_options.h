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

/// Everything that decides which credentials are minted and how, as typed or set.
struct RoleOptions {
  ProcessOptions process;
  KeyOptions key;
  ServiceOptions service;
  bool cache = false;
  roles::Sharing sharing;
};

/// The flags that choose the credentials: roles of the configuration file by name, or all details
/// of one role. Flags override the file.
struct RoleFlags {
  std::string config;
  std::vector<std::string> roles;
  RoleOptions given;
};

/// The needs of a command for one role (cli/output/help_text.h).
constexpr const char* kNeedsRole =
    "a role of the configuration file, or --certificate, --trust-anchor-arn, --profile-arn and "
    "--role-arn";

/// The name of the value of --role in the help. Completion offers the roles of the file.
constexpr const char* kRoleValue = "ROLE";

/// A hint for users without a configuration file.
constexpr const char* kConfigurationPlaces =
    "write ~/.config/credmint/config.toml (below $XDG_CONFIG_HOME, if that is set) or "
    "/etc/credmint/config.toml, or name another with --config FILE";

/// Adds --config, --role, and the flags of service_options.h, key_options.h and process_options.h.
void AddRoleFlags(CLI::App& command, RoleFlags& flags);

void AddCacheFlag(CLI::App& command, bool& cache);

/// Reads the configuration file, if one applies: that of --config, or else the one that
/// FindConfigurationFile() finds. Without --config a file applies only if --role is given, or if no
/// flag names a key or a role. Fails with kUsage if --role is given and there is no file; otherwise
/// as ReadConfigurationFile().
Result<std::optional<Configuration>> ReadConfiguration(const RoleFlags& flags);

/// The chosen roles, at least one, and the options of the process as a whole.
struct WantedRoles {
  std::vector<roles::Role> roles;
  ProcessOptions process;
  std::vector<std::string> notes;  ///< for --debug, each once

  /// Logs the notes, and a warning for each role that does not verify TLS.
  void Log() const;
};

enum class HowMany { kAny, kOne };

/// The chosen roles: those of --role in the order given, or else all of the file in its order.
/// Without a file, the one role that the flags describe. The whole file is checked, even what no
/// chosen role uses.
///
/// Fails with kUsage
/// * for a --role that the file does not have;
/// * for --role-arn with several roles, and for several roles where `how_many` allows one;
/// * if neither the file nor the flags describe a role.
///
/// Also fails as ApplySettings() does, and for the chosen roles as ParseSession(), ParseIdentity()
/// and CheckCertificateIsGiven() do. The message begins with the file and line of the setting, or
/// of the role's header if a setting is missing. If a flag is at fault, it names neither.
Result<WantedRoles> FindRoles(const CLI::App& command, const RoleFlags& flags,
                              const std::optional<Configuration>& file,
                              HowMany how_many = HowMany::kAny);

/// Reads the configuration file, if one applies, and returns the one role that is chosen.
Result<WantedRoles> FindRole(const CLI::App& command, const RoleFlags& flags);

}  // namespace credmint::cli
