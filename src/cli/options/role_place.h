// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/App.hpp>
#include <span>
#include <string>
#include <string_view>

#include "config/configuration.h"

namespace credmint::cli {

/// Finds the settings of a role in the configuration file, for messages. They may be in its own
/// section, in its identity's, or in one that applies to all roles.
class RolePlace {
 public:
  /// `identity` is null where the role has none. All must outlive it.
  RolePlace(const CLI::App& command, const Configuration& file, const Section& role,
            const Section* identity)
      : command_(command), file_(file), role_(role), identity_(identity) {}

  /// "FILE:LINE: [role.NAME]", with the line of the first of these settings that the file has. If
  /// it has none of them, the line is that of the role's header. Empty if a flag is at fault.
  [[nodiscard]] std::string Of(std::span<const std::string_view> settings) const;

  /// The place and the option's name, as messages begin: "FILE:LINE: … --endpoint".
  [[nodiscard]] std::string Source(std::string_view setting) const;

 private:
  [[nodiscard]] const Setting* Find(std::string_view setting) const;

  const CLI::App& command_;
  const Configuration& file_;
  const Section& role_;
  const Section* identity_;
};

}  // namespace credmint::cli
