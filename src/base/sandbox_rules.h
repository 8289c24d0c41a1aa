// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace credmint {

/// The operator's rules for foreign code: rights beyond its known needs, and places that it never
/// gets.
struct SandboxRules {
  std::optional<bool> network;     ///< internet sockets; unset: as the code needs them
  bool programs = false;           ///< starting programs at any time
  std::vector<std::string> paths;  ///< files and folders to read and write
  /// Files and folders with secrets, absolute and without links.
  std::vector<std::string> hidden = {};
  /// The user's home folder, absolute and without links. Empty if there is none.
  std::string home = {};

  bool operator==(const SandboxRules&) const = default;
};

}  // namespace credmint
