// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace credmint {

/// One `name = value` of the configuration file. The value is kept as text, as it would stand on a
/// command line: "900", "true", "pkcs11:token=prod". A list has several, or none.
struct Setting {
  enum class Type { kText, kNumber, kFlag };

  std::string name;
  Type type = Type::kText;
  std::vector<std::string> values;
  int line = 0;

  bool operator==(const Setting&) const = default;
};

/// The settings of one table, in the order of the file. `name` is the last part of its header:
/// "web" for `[role.web]`.
struct Section {
  std::string name;
  int line = 0;
  std::vector<Setting> settings;

  /// Null if there is none of this name.
  [[nodiscard]] const Setting* Find(std::string_view setting) const;
  bool operator==(const Section&) const = default;
};

/// The configuration file, read but not understood: which settings a section may have is known to
/// whoever uses them.
///
///     debug = true                  # `program`: before the first header
///     [serve]                       # of the command serve
///     [defaults]                    # of every role that does not say otherwise
///     [identity.hsm]                # a key and its certificate
///     [role.web]                    # a session that is minted with an identity
struct Configuration {
  std::string path;  ///< for messages
  Section program;
  Section serve;
  Section defaults;
  std::vector<Section> identities;
  std::vector<Section> roles;

  /// "PATH:LINE", as compilers say it.
  [[nodiscard]] std::string At(int line) const;
};

/// Parses TOML 1.0. Fails with kUsage, saying PATH:LINE, when it is none, when a value is
/// neither text, number, boolean nor a list of texts, when there is a table of another name (with
/// the one that was probably meant), or when a name of an identity or a role is not 1 to 64
/// characters of those that IAM allows in a role's name.
Result<Configuration> ParseConfiguration(std::string_view text, const std::string& path);

}  // namespace credmint
