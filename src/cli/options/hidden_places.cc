// SPDX-License-Identifier: Apache-2.0
#include "cli/options/hidden_places.h"

#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <optional>
#include <sstream>
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

/// The home folder of the password file, whatever HOME says.
std::string HomeOfAccount() {
  const passwd* const entry = getpwuid(geteuid());
  return entry != nullptr && entry->pw_dir != nullptr ? entry->pw_dir : "";
}

/// systemd separates several with colons.
void AddFolders(const std::string& list, std::vector<std::string>& places) {
  std::istringstream folders(list);
  for (std::string folder; std::getline(folders, folder, ':');) places.push_back(folder);
}

std::vector<std::string> UsualPlaces() {
  std::vector<std::string> places;
  // A name that does not exist would keep the rest of /etc from being allowed as a whole.
  if (std::error_code failed; std::filesystem::exists("/etc/credmint", failed)) {
    places.emplace_back("/etc/credmint");
  }
  for (const char* name :
       {"AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
        "AWS_WEB_IDENTITY_TOKEN_FILE", "CREDENTIALS_DIRECTORY", "SSH_AUTH_SOCK"}) {
    places.push_back(ValueOf(name));
  }
  AddFolders(ValueOf("RUNTIME_DIRECTORY"), places);
  // The cache, the tokens of `serve`, and the units of the user's service manager.
  places.push_back(ValueOf("XDG_RUNTIME_DIR"));
  places.push_back("/run/user/" + std::to_string(geteuid()));
  for (const std::string& home : {ValueOf("HOME"), HomeOfAccount()}) {
    if (!home.starts_with('/')) continue;
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
  // The certificate is no secret, but not for a module to exchange either.
  add_key(identity.certificate.certificate);
  add_key(identity.certificate.intermediates);
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

std::string HomeFolder() {
  const std::string home = ValueOf("HOME");
  return Absolute(home.starts_with('/') && home != "/" ? home : HomeOfAccount());
}

}  // namespace credmint::cli
