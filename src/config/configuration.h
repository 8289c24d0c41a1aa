// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "config/mistake.h"

namespace credmint {

/// One `name = value` of the configuration file. A value is kept as the text of a command-line
/// argument: "900", "true", "pkcs11:token=prod". A list has several values, or none.
struct Setting {
  enum class Type { kText, kNumber, kFlag };

  std::string name;
  Type type = Type::kText;
  std::vector<std::string> values;
  int line = 0;

  bool operator==(const Setting&) const = default;
};

/// The settings of one table, in the order of the file. `name` is the last part of the table's
/// header: "web" for `[role.web]`.
struct Section {
  std::string name;
  int line = 0;
  std::vector<Setting> settings;

  /// Returns null if there is no such setting.
  [[nodiscard]] const Setting* Find(std::string_view setting) const;
  bool operator==(const Section&) const = default;
};

/// The parsed configuration file. The settings are not interpreted: the code that uses a section
/// knows which settings it may have.
///
///     debug = true                  # `program`: before the first header
///     [serve]                       # for the command serve
///     [defaults]                    # for every role that does not override them
///     [identity.hsm]                # a key and its certificate
///     [role.web]                    # a session to mint with an identity
struct Configuration {
  std::string path;  ///< for messages
  Section program;
  Section serve;
  Section defaults;
  std::vector<Section> identities;
  std::vector<Section> roles;

  /// "PATH:LINE", in the format of compilers.
  [[nodiscard]] std::string At(int line) const;
};

/// Parses TOML 1.0. Fails with kUsage and PATH:LINE if:
///
/// - The text is not TOML.
/// - A value is not text, a number, a boolean or a list of texts.
/// - A table has an unknown name; the hint suggests the closest one.
/// - The name of an identity or a role is not 1 to 64 characters of those that IAM allows in role
///   names.
Result<Configuration> ParseConfiguration(std::string_view text, const std::string& path);

/// The same, but goes on after a mistake: adds all of them, and returns what is right. If the text
/// is not TOML, that is the only mistake, and nothing is returned of the text.
Configuration ParseConfiguration(std::string_view text, const std::string& path,
                                 Mistakes& mistakes);

}  // namespace credmint
