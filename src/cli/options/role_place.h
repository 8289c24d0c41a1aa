// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/App.hpp>
#include <span>
#include <string>
#include <string_view>

#include "config/configuration.h"

namespace credmint::cli {

/// Where the settings of a role stand in the configuration file: in its own section, in that of its
/// identity, or in what holds for all. For messages.
class RolePlace {
 public:
  /// `identity` is null where the role has none. All must outlive it.
  RolePlace(const CLI::App& command, const Configuration& file, const Section& role,
            const Section* identity)
      : command_(command), file_(file), role_(role), identity_(identity) {}

  /// "FILE:LINE: [role.NAME]" with the line of the first of these settings that the file has; that
  /// of the role's header where it has none; empty where a flag is at fault.
  [[nodiscard]] std::string Of(std::span<const std::string_view> settings) const;

  /// What messages say in front of the name of the option, and the name: "FILE:LINE: … --endpoint".
  [[nodiscard]] std::string Source(std::string_view setting) const;

 private:
  [[nodiscard]] const Setting* Find(std::string_view setting) const;

  const CLI::App& command_;
  const Configuration& file_;
  const Section& role_;
  const Section* identity_;
};

}  // namespace credmint::cli
