// SPDX-License-Identifier: Apache-2.0
#include "cli/options/aws_settings.h"

#include <fmt/format.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/printable.h"
#include "base/read_file.h"
#include "base/secret.h"
#include "base/shown_value.h"
#include "credentials/profile/aws_config.h"

namespace credmint::cli {
namespace {

constexpr const char* kConfigVariable = "AWS_CONFIG_FILE";
constexpr const char* kService = "rolesanywhere";
constexpr const char* kEndpoint = "endpoint_url";

/// A setting and its source.
struct Found {
  std::string value;
  std::string source;
};

std::string FromEnvironment(const char* name) {
  const char* value = getenv(name);
  return value != nullptr ? value : "";
}

/// Any other value is false, as in botocore.
bool IsTrue(std::string_view text) {
  constexpr std::string_view kTrue = "true";
  return std::equal(text.begin(), text.end(), kTrue.begin(), kTrue.end(),
                    [](char c, char wanted) { return (c | 0x20) == wanted; });
}

class Surroundings {
 public:
  /// Reads the AWS config file.
  Result<void> Read();

  /// The variable's value, or the profile's setting if the variable is empty.
  [[nodiscard]] std::optional<Found> Find(const char* variable, const char* setting) const;
  [[nodiscard]] std::optional<Found> FindEndpoint() const;
  [[nodiscard]] std::string missing_profile() const;

 private:
  [[nodiscard]] std::optional<Found> InProfile(const char* setting) const;
  [[nodiscard]] std::string Source(std::string_view setting) const {
    return fmt::format("{} in {}", setting, path_);
  }

  std::string path_;
  Secret text_;  // the file may hold access keys
  AwsConfig config_{{}};
  std::string profile_ = "default";
};

Result<void> Surroundings::Read() {
  if (auto profile = FromEnvironment("AWS_PROFILE"); !profile.empty()) {
    profile_ = std::move(profile);
  }
  auto path = FindAwsFile(kConfigVariable, "config");
  if (!path) return {};
  path_ = *std::move(path);
  std::error_code error;
  if (!std::filesystem::is_regular_file(path_, error)) return {};
  auto text = ReadFile(path_);
  const bool is_named = !FromEnvironment(kConfigVariable).empty();
  if (!text && is_named && access(path_.c_str(), R_OK) != 0) {
    return Fail(std::move(text), kConfigVariable);
  }
  if (!text) return {};
  text_ = *std::move(text);
  config_ = AwsConfig(text_.Reveal());
  return {};
}

std::optional<Found> Surroundings::InProfile(const char* setting) const {
  auto value = config_.Find(profile_, setting);
  if (!value || value->empty()) return std::nullopt;
  return Found{*std::move(value), Source(setting)};
}

std::optional<Found> Surroundings::Find(const char* variable, const char* setting) const {
  if (auto value = FromEnvironment(variable); !value.empty()) {
    return Found{std::move(value), variable};
  }
  return InProfile(setting);
}

/// Follows botocore's order: variables before the file, the service's URL before the general one.
std::optional<Found> Surroundings::FindEndpoint() const {
  const auto ignored =
      Find("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "ignore_configured_endpoint_urls");
  if (ignored && IsTrue(ignored->value)) return std::nullopt;
  for (const char* name : {"AWS_ENDPOINT_URL_ROLESANYWHERE", "AWS_ENDPOINT_URL"}) {
    if (auto value = FromEnvironment(name); !value.empty()) return Found{std::move(value), name};
  }
  if (const auto services = InProfile("services")) {
    auto value = config_.FindOfService(services->value, kService, kEndpoint);
    if (value && !value->empty()) {
      return Found{*std::move(value), Source(fmt::format("{} of {}", kEndpoint, kService))};
    }
  }
  return InProfile(kEndpoint);
}

/// Empty if the profile exists, or if AWS_PROFILE names none.
std::string Surroundings::missing_profile() const {
  const bool missing =
      !FromEnvironment("AWS_PROFILE").empty() && !path_.empty() && !config_.HasProfile(profile_);
  return missing ? profile_ : "";
}

void Note(ServiceOptions& options, std::string_view what, const Found& found) {
  options.notes.push_back(fmt::format("{}: from {}", what, Printable(found.source)));
}

}  // namespace

Result<void> AddAwsSettings(ServiceOptions& options) {
  Surroundings found;
  if (auto read = found.Read(); !read) return read;
  if (const auto profile = found.missing_profile(); !profile.empty()) {
    options.notes.push_back(
        fmt::format("AWS_PROFILE: the AWS config file has no profile {}", Shown(profile)));
  }
  const bool own_endpoint = !options.endpoint.empty();
  const bool regional = options.fips.value_or(false) || options.dualstack.value_or(false);
  if (const auto url = found.FindEndpoint(); url && !own_endpoint && !regional) {
    options.endpoint = url->value;
    options.origins.endpoint = url->source;
    Note(options, "endpoint", *url);
  }
  struct Flag {
    std::optional<bool>& value;
    const char* variable;
    const char* setting;
  };
  for (const Flag& flag :
       {Flag{options.fips, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint"},
        Flag{options.dualstack, "AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint"}}) {
    if (own_endpoint || flag.value) continue;
    const auto asked = found.Find(flag.variable, flag.setting);
    if (!asked) continue;
    flag.value = IsTrue(asked->value);
    Note(options, flag.setting, *asked);
  }
  if (const auto bundle = found.Find("AWS_CA_BUNDLE", "ca_bundle");
      bundle && options.ca_bundle.empty() && !options.no_verify_ssl) {
    options.ca_bundle = bundle->value;
    options.origins.ca_bundle = bundle->source;
    Note(options, "CA bundle", *bundle);
  }
  return {};
}

}  // namespace credmint::cli
