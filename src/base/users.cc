// SPDX-License-Identifier: Apache-2.0
#include "base/users.h"

#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>

#include <cerrno>
#include <charconv>
#include <limits>
#include <optional>
#include <string_view>
#include <system_error>
#include <vector>

#include "base/shown_value.h"

namespace credmint {
namespace {

constexpr std::size_t kFirstBuffer = 4096;
constexpr std::size_t kLargestBuffer = 16 << 20;  // of a group with all its members

/// Calls an NSS function, such as getpwnam_r, with a buffer that grows until the answer fits.
/// Returns nothing if there is no such entry.
template <typename Entry, typename Key, typename Function>
Result<std::optional<Entry>> Look(Function function, Key key, std::vector<char>& buffer) {
  buffer.resize(kFirstBuffer);
  while (true) {
    Entry entry{};
    Entry* found = nullptr;
    const int error = function(key, &entry, buffer.data(), buffer.size(), &found);
    if (error == ERANGE && buffer.size() < kLargestBuffer) {
      buffer.resize(2 * buffer.size());
      continue;
    }
    if (error != 0 && error != ENOENT && error != ESRCH) {
      return Fail(ErrorCode::kLocalIo, std::generic_category().message(error));
    }
    if (found == nullptr) return std::optional<Entry>();
    return std::optional<Entry>(entry);
  }
}

std::optional<id_t> ParseId(std::string_view text) {
  id_t id = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (id == std::numeric_limits<id_t>::max()) return std::nullopt;  // means "no change" to chown()
  return id;
}

Error NoSuch(std::string_view kind, const std::string& name) {
  return {ErrorCode::kUsage, fmt::format("there is no {} {}", kind, Shown(name)),
          fmt::format("getent {} lists them", kind == "user" ? "passwd" : kind)};
}

/// Adds the users whose primary group it is. A group does not list them.
void AddByPrimaryGroup(gid_t group, std::set<uid_t>& users) {
  setpwent();
  while (const passwd* user = getpwent()) {
    if (user->pw_gid == group) users.insert(user->pw_uid);
  }
  endpwent();
}

/// Returns a group, whose texts are in `buffer`.
Result<group> FindGroup(const std::string& name, std::vector<char>& buffer) {
  const auto id = ParseId(name);
  auto found =
      id ? Look<group>(&getgrgid_r, *id, buffer) : Look<group>(&getgrnam_r, name.c_str(), buffer);
  if (!found) return Fail(std::move(found), fmt::format("looking for group {}", Shown(name)));
  if (!*found) return Fail(NoSuch("group", name));
  return **found;
}

}  // namespace

Result<uid_t> ResolveUser(const std::string& name) {
  if (const auto id = ParseId(name)) return *id;
  std::vector<char> buffer;
  auto found = Look<passwd>(&getpwnam_r, name.c_str(), buffer);
  if (!found) return Fail(std::move(found), fmt::format("looking for user {}", Shown(name)));
  if (!*found) return Fail(NoSuch("user", name));
  return (*found)->pw_uid;
}

Result<gid_t> ResolveGroup(const std::string& name) {
  if (const auto id = ParseId(name)) return *id;
  std::vector<char> buffer;
  const auto found = FindGroup(name, buffer);
  if (!found) return Fail(found);
  return found->gr_gid;
}

Result<std::set<uid_t>> MembersOfGroup(const std::string& name) {
  std::vector<char> buffer;
  const auto found = FindGroup(name, buffer);
  if (!found) return Fail(found);
  std::set<uid_t> users;
  for (char** member = found->gr_mem; *member != nullptr; ++member) {
    std::vector<char> user_buffer;
    const auto user = Look<passwd>(&getpwnam_r, *member, user_buffer);
    if (user && *user) users.insert((*user)->pw_uid);  // a group may list users that are gone
  }
  AddByPrimaryGroup(found->gr_gid, users);
  return users;
}

std::string NameOfUser(uid_t user) {
  std::vector<char> buffer;
  const auto found = Look<passwd>(&getpwuid_r, user, buffer);
  return found && *found ? (*found)->pw_name : std::to_string(user);
}

std::string NameOfGroup(gid_t group) {
  std::vector<char> buffer;
  const auto found = Look<struct group>(&getgrgid_r, group, buffer);
  return found && *found ? (*found)->gr_name : std::to_string(group);
}

}  // namespace credmint
