// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "credentials/profile/ini_lines.h"

namespace credmint {

/// Where the AWS SDKs look for one of their two files: the value of a variable, with "~/" expanded,
/// or the file of that name in ~/.aws. Fails with kLocalIo if $HOME is needed and not set, with
/// kUsage where a variable holds what is no path.
Result<std::string> FindAwsFile(const char* variable, std::string_view name);

/// The NAME of a header `KIND NAME` of the config file, quoted or not ("profile web"); empty if it
/// is of another kind.
std::string_view NameInHeader(std::string_view header, std::string_view kind);

/// The text of an AWS config file, as botocore reads it, of which a few settings are wanted: lines
/// that it could not read are skipped, since whether the file is good is the SDKs' business. The
/// text must outlive it.
class AwsConfig {
 public:
  explicit AwsConfig(std::string_view text) : lines_(ReadIniLines(text)) {}

  /// Whether there is a section for the profile: [default], [profile NAME].
  [[nodiscard]] bool HasProfile(std::string_view profile) const;

  /// A setting of a profile, or of [DEFAULT], in which botocore looks for what a profile has not.
  /// Nothing for one that has nested settings.
  [[nodiscard]] std::optional<std::string> Find(std::string_view profile,
                                                std::string_view setting) const;

  /// What is nested in a setting of the section [services NAME]: `endpoint_url` below
  /// `rolesanywhere =`.
  [[nodiscard]] std::optional<std::string> FindOfService(std::string_view services,
                                                         std::string_view service,
                                                         std::string_view setting) const;

 private:
  std::vector<IniLine> lines_;
};

}  // namespace credmint
