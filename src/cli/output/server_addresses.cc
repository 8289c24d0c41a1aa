// SPDX-License-Identifier: Apache-2.0
#include "cli/output/server_addresses.h"

#include <fmt/format.h>

#include <filesystem>

namespace credmint::cli {
namespace {

std::string ShellQuoted(const std::string& text) {
  constexpr const char* kPlain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/._-";
  if (text.find_first_not_of(kPlain) == std::string::npos) return text;
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? "'\\''" : std::string(1, c);
  return quoted + "'";
}

std::string TokenLines(const std::string& file) {
  return fmt::format(
      "export AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE={0}\n"
      "# SDKs from before 2024: AWS_CONTAINER_AUTHORIZATION_TOKEN=\"$(cat {0})\"\n",
      ShellQuoted(std::filesystem::absolute(file)));
}

/// The roles with the common token first, then each role with a token of its own.
std::string ContainerLines(const daemon::ServerPlaces& places, const std::string& url) {
  std::string text;
  const auto add = [&](const std::string& role) {
    text += fmt::format("{}export AWS_CONTAINER_CREDENTIALS_FULL_URI={}/role/{}\n",
                        text.empty() ? "" : "# or\n", url, role);
  };
  if (!places.token_file.empty()) {
    for (const std::string& role : places.roles) {
      if (!places.token_files.contains(role)) add(role);
    }
    if (!text.empty()) text += TokenLines(places.token_file);
  }
  for (const auto& [role, file] : places.token_files) {
    add(role);
    text += TokenLines(file);
  }
  return text;
}

}  // namespace

std::string ServerVariables(const daemon::ServerPlaces& places) {
  const std::string url = "http://" + places.authority;
  std::string text;
  if (places.serves_container) text = ContainerLines(places, url);
  const bool has_container = !text.empty();
  if (places.serves_container && !has_container) {
    text = "# no container credentials: name a file for their token with --token-file\n";
  }
  if (places.is_loopback && places.serves_imds) {
    // Older botocore adds no slash in front of the path, so the URL ends in one. Other SDKs then
    // send two, which serve/api/imds treats as one.
    text += fmt::format("{}export AWS_EC2_METADATA_SERVICE_ENDPOINT={}/\n",
                        has_container ? "# or, for programs that do not know these:\n" : "", url);
  }
  text += places.is_loopback
              ? "# for this user and root; others: --allow-user, or allow-users in the "
                "configuration file\n"
              : "# most SDKs accept http only from 169.254.170.2 and 169.254.170.23\n";
  if (!places.status_authority.empty()) {
    text += fmt::format("# for monitoring: http://{0}/healthz http://{0}/metrics\n",
                        places.status_authority);
  }
  return text;
}

}  // namespace credmint::cli
