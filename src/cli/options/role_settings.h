// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/App.hpp>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "cli/options/role_options.h"
#include "config/configuration.h"

namespace credmint::cli {

/// The options of one role, grouped by the sections of the configuration file that may set them.
struct RoleSettings {
  RoleSettings();
  RoleSettings(const RoleSettings&) = delete;  // the groups point to the options
  RoleSettings& operator=(const RoleSettings&) = delete;

  /// Forgets all values, for another role. That takes a hundredth of the time of a new object.
  void Reset();

  CLI::App program;
  CLI::App identity;
  CLI::App session;
  RoleOptions options;
  std::vector<std::string> allow_users;

 private:
  std::vector<std::string> identity_names_;  ///< see IdentityIndex
};

/// The identities of a configuration file by name, so that finding those of each of its roles takes
/// the same time in a long file. The file must outlive it.
class IdentityIndex {
 public:
  explicit IdentityIndex(const Configuration& file);

  /// The identities that a role names, in order, or the only one of the file. Empty if the file has
  /// none; flags must then name the key. The role's settings must have been applied: their types
  /// and texts are not checked again.
  ///
  /// Fails with kUsage if the role names none of several, or one that is not there, one twice, an
  /// empty list, or more than eight. The message begins with "[role.NAME]".
  [[nodiscard]] Result<std::vector<const Section*>> Of(const Section& role) const;

 private:
  [[nodiscard]] Result<const Section*> Find(const Section& role, const std::string& name) const;

  const Configuration& file_;
  std::unordered_map<std::string_view, const Section*> by_name_;
};

/// The line of the setting that names them, or else of the role's header.
int LineOfIdentities(const Configuration& file, const Section& role);

std::vector<std::string_view> NamesOf(const std::vector<Section>& sections);

/// The name of a section as messages show it in its brackets.
std::string ShownSectionName(const std::string& name);

}  // namespace credmint::cli
