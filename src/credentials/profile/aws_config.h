// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "credentials/profile/ini_lines.h"

namespace credmint {

/// Returns the path where AWS SDKs look for a file: the variable's value, with "~/" expanded, or
/// else the file `name` in ~/.aws. Fails with kLocalIo if $HOME is needed but not set, and with
/// kUsage if the variable's value is not a path.
Result<std::string> FindAwsFile(const char* variable, std::string_view name);

/// Returns the NAME in a config file's header `KIND NAME`, quoted or not ("profile web"). Empty if
/// the header has another kind.
std::string_view NameInHeader(std::string_view header, std::string_view kind);

/// Finds a few settings in the text of an AWS config file, as botocore would. Lines that botocore
/// could not read are skipped: checking the file is up to the SDKs. The text must outlive this
/// object.
class AwsConfig {
 public:
  explicit AwsConfig(std::string_view text) : lines_(ReadIniLines(text)) {}

  /// Whether there is a section for the profile: [default] or [profile NAME].
  [[nodiscard]] bool HasProfile(std::string_view profile) const;

  /// Returns a profile's setting or, like botocore, the one in [DEFAULT]. Returns nothing if the
  /// setting has nested settings.
  [[nodiscard]] std::optional<std::string> Find(std::string_view profile,
                                                std::string_view setting) const;

  /// Returns a setting nested under a service in the section [services NAME]: `endpoint_url` below
  /// `rolesanywhere =`.
  [[nodiscard]] std::optional<std::string> FindOfService(std::string_view services,
                                                         std::string_view service,
                                                         std::string_view setting) const;

 private:
  std::vector<IniLine> lines_;
};

}  // namespace credmint
