// SPDX-License-Identifier: Apache-2.0
#include "cli/options/hidden_places.h"

#include <stdlib.h>

#include <filesystem>
#include <optional>
#include <system_error>

namespace credmint::cli {
namespace {

std::string ValueOf(const char* name) {
  const char* value = getenv(name);
  return value != nullptr ? value : "";
}

/// As a sandbox needs it; empty for no path.
std::string Absolute(const std::string& path) {
  if (path.empty()) return {};
  std::error_code failed;
  return std::filesystem::weakly_canonical(std::filesystem::absolute(path), failed).string();
}

std::vector<std::string> UsualPlaces() {
  std::vector<std::string> places = {"/etc/credmint"};
  for (const char* name :
       {"AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
        "CREDENTIALS_DIRECTORY", "RUNTIME_DIRECTORY", "SSH_AUTH_SOCK"}) {
    places.push_back(ValueOf(name));
  }
  if (const std::string folder = ValueOf("XDG_RUNTIME_DIR"); !folder.empty()) {
    places.push_back(folder + "/credmint");
  }
  if (const std::string home = ValueOf("HOME"); !home.empty()) {
    for (const char* name : {"/.aws", "/.config/credmint", "/.ssh", "/.gnupg"}) {
      places.push_back(home + name);
    }
  }
  return places;
}

}  // namespace

std::vector<std::string> SecretFilesOf(const IdentitySpec& identity) {
  std::vector<std::string> files;
  const auto add_source = [&](const std::optional<SecretSource>& source) {
    if (source && source->file()) files.push_back(*source->file());
  };
  const auto add_key = [&](const std::optional<KeyReference>& key) {
    if (key && key->is_path()) files.push_back(key->text());
  };
  const SecretSources& secrets = identity.secrets;
  for (const auto* source : {&secrets.user, &secrets.context, &secrets.parent, &secrets.policy,
                             &identity.policy_key_secret}) {
    add_source(*source);
  }
  add_key(identity.private_key);
  add_key(identity.policy_key);
  if (!identity.private_key) add_key(identity.certificate.certificate);
  return files;
}

std::vector<std::string> HiddenPlaces(const std::vector<std::string>& secret_files) {
  std::vector<std::string> hidden;
  for (const auto& places : {UsualPlaces(), secret_files}) {
    for (const std::string& place : places) {
      if (!place.empty()) hidden.push_back(Absolute(place));
    }
  }
  return hidden;
}

std::string HomeFolder() { return Absolute(ValueOf("HOME")); }

}  // namespace credmint::cli
