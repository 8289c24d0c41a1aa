// SPDX-License-Identifier: Apache-2.0
#include "cli/options/child_environment.h"

#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/read_file.h"
#include "base/timestamp.h"
#include "credentials/profile/aws_config.h"

namespace credmint::cli {
namespace {

constexpr const char* kNoFile = "/dev/null";
constexpr const char* kDefaultProfile = "default";

/// The variables by which botocore and the SDKs for Go, Java, JavaScript and C++ find credentials.
constexpr std::array kCredentialVariables = {
    "AWS_ACCESS_KEY_ID",
    "AWS_ACCESS_KEY",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SECRET_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_CREDENTIAL_SCOPE",
    "AWS_ACCOUNT_ID",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_CREDENTIAL_FILE",
    "AWS_BEARER_TOKEN_BEDROCK",
};

/// The settings of a profile from which SDKs get credentials.
constexpr std::array kCredentialSettings = {
    "aws_access_key_id", "credential_process", "credential_source",
    "role_arn",          "source_profile",     "web_identity_token_file",
    "sso_session",       "sso_start_url",      "login_session",
};

std::string Variable(const char* name) {
  const char* value = getenv(name);
  return value != nullptr ? value : "";
}

/// One of the shared AWS files; empty if it cannot be read.
class SharedFile {
 public:
  SharedFile(const char* variable, std::string_view name) {
    const auto path = FindAwsFile(variable, name);
    std::error_code error;
    if (!path || !std::filesystem::is_regular_file(*path, error)) return;
    if (auto text = ReadFile(*path)) text_ = *std::move(text);
    config_ = AwsConfig(text_.Reveal());
  }

  [[nodiscard]] std::string Find(std::string_view profile, const char* setting) const {
    return config_.Find(profile, setting).value_or("");
  }
  [[nodiscard]] bool GivesCredentials() const {
    return std::any_of(
        kCredentialSettings.begin(), kCredentialSettings.end(),
        [&](const char* setting) { return !Find(kDefaultProfile, setting).empty(); });
  }

 private:
  Secret text_;
  AwsConfig config_{{}};
};

class ChildEnvironment {
 public:
  ChildEnvironment() {
    for (char** entry = environ; *entry != nullptr; ++entry) {
      const std::string_view text = *entry;
      const auto end = std::min(text.find('='), text.size());
      variables_.emplace(text.substr(0, end), text.substr(std::min(end + 1, text.size())));
    }
    for (const char* name : kCredentialVariables) variables_.erase(name);
  }

  void Set(const std::string& name, std::string_view value) { variables_[name] = value; }

  /// Hides the files whose default profile gives credentials.
  void HideCredentialsOfFiles() {
    const SharedFile credentials("AWS_SHARED_CREDENTIALS_FILE", "credentials");
    if (credentials.GivesCredentials()) Set("AWS_SHARED_CREDENTIALS_FILE", kNoFile);
    if (config_.GivesCredentials()) Set("AWS_CONFIG_FILE", kNoFile);
  }

  /// Sets the region to that of the profile that this process uses. botocore reads only the second
  /// variable, other SDKs only the first.
  void KeepRegion() {
    constexpr std::array kRegions = {"AWS_REGION", "AWS_DEFAULT_REGION"};
    std::string profile = kDefaultProfile;
    for (const char* name : {"AWS_DEFAULT_PROFILE", "AWS_PROFILE"}) {
      if (auto named = Variable(name); !named.empty()) profile = std::move(named);
    }
    const std::string region = config_.Find(profile, "region");
    const bool is_set = std::any_of(kRegions.begin(), kRegions.end(),
                                    [](const char* name) { return !Variable(name).empty(); });
    if (region.empty() || is_set) return;
    for (const char* name : kRegions) Set(name, region);
  }

  [[nodiscard]] std::vector<std::string> Entries() const {
    std::vector<std::string> entries;
    entries.reserve(variables_.size());
    for (const auto& [name, value] : variables_) {
      entries.push_back(name);
      entries.back().append("=").append(value);
    }
    return entries;
  }

 private:
  const SharedFile config_{"AWS_CONFIG_FILE", "config"};
  std::map<std::string, std::string> variables_;
};

}  // namespace

std::vector<std::string> ContainerEnvironment(const std::string& url, const Secret& token) {
  ChildEnvironment environment;
  environment.KeepRegion();
  environment.HideCredentialsOfFiles();
  environment.Set("AWS_CONTAINER_CREDENTIALS_FULL_URI", url);
  environment.Set("AWS_CONTAINER_AUTHORIZATION_TOKEN", token.Reveal());
  return environment.Entries();
}

std::vector<std::string> StaticEnvironment(const Credentials& credentials) {
  ChildEnvironment environment;
  environment.KeepRegion();
  environment.Set("AWS_ACCESS_KEY_ID", credentials.access_key_id);
  environment.Set("AWS_SECRET_ACCESS_KEY", credentials.secret_access_key.Reveal());
  environment.Set("AWS_SESSION_TOKEN", credentials.session_token.Reveal());
  environment.Set("AWS_CREDENTIAL_EXPIRATION", FormatTimestamp(credentials.expiration));
  if (!credentials.account_id.empty()) environment.Set("AWS_ACCOUNT_ID", credentials.account_id);
  return environment.Entries();
}

}  // namespace credmint::cli
