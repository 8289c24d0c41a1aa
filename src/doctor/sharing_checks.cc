// SPDX-License-Identifier: Apache-2.0
#include "doctor/sharing_checks.h"

#include <errno.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "base/shown_value.h"
#include "base/users.h"
#include "serve/api/allowed_users.h"

namespace credmint::doctor {
namespace {

void CheckUsers(const Topic& topic, const std::vector<std::string>& users) {
  auto allowed = serve::AllowedUsers::Resolve(users);
  if (!allowed) return topic.Fail(std::move(allowed).error());
  if (allowed->any()) {
    return topic.Warn("every user of this machine may ask serve for it",
                      "name the users who need it");
  }
  topic.Ok(users.empty() ? "only this user and root may ask serve for it"
                         : fmt::format("this user, root and {} may ask serve for it",
                                       fmt::join(users, ", ")));
}

/// Reports who may use a token file that is there, or whether one can be written.
void CheckTokenFile(const Topic& topic, const std::string& path) {
  if (path.empty()) return;
  struct stat status {};
  if (stat(path.c_str(), &status) == 0) {
    if (!S_ISREG(status.st_mode)) {
      return topic.Fail({ErrorCode::kLocalIo,
                         fmt::format("the token file {} is no file", ShownPath(path)),
                         "name another one"});
    }
    const unsigned mode = status.st_mode & 07777U;
    const std::string text = fmt::format("the token file {} has the mode {:04o} and the group {}",
                                         ShownPath(path), mode, NameOfGroup(status.st_gid));
    if ((mode & 07U) == 0) return topic.Ok(text);
    return topic.Fail({ErrorCode::kLocalIo, text + ": every user may use it",
                       "chmod o= the file, and restart serve for a new token"});
  }
  const std::string folder = std::filesystem::path(path).parent_path().string();
  if (access(folder.empty() ? "." : folder.c_str(), W_OK | X_OK) == 0) {
    return topic.Ok(fmt::format("serve will write the token file {}", ShownPath(path)));
  }
  topic.Fail(
      {ErrorCode::kLocalIo,
       fmt::format("the token file {} cannot be written: {}", ShownPath(path), strerror(errno)),
       "make its folder, owned by this user"});
}

}  // namespace

void CheckSharing(const Observer& observer, std::span<const roles::Role> roles,
                  const std::vector<std::string>& users_of_server,
                  const std::string& token_file_of_server) {
  for (const roles::Role& role : roles) {
    const Topic topic(observer, "sharing", {roles::NameOf(role)});
    CheckUsers(topic, role.sharing.allow_users.value_or(users_of_server));
    CheckTokenFile(topic, role.sharing.token_file);
  }
  CheckTokenFile(Topic(observer, "sharing"), token_file_of_server);
}

}  // namespace credmint::doctor
