// SPDX-License-Identifier: Apache-2.0
#include "base/file_rules.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/landlock.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <system_error>

namespace credmint {
namespace {

// Numbers of the interface, because the header may be older than the kernel.
constexpr long kCreateRuleset = 444;
constexpr long kAddRule = 445;
constexpr long kRestrictSelf = 446;
constexpr std::uint64_t kRefer = std::uint64_t{1} << 13;          // from version 2
constexpr std::uint64_t kTruncate = std::uint64_t{1} << 14;       // from version 3
constexpr std::uint64_t kDeviceControl = std::uint64_t{1} << 15;  // from version 5
constexpr std::uint64_t kScopes = 0b11;                           // from version 6

constexpr std::uint64_t kReading =
    LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr std::uint64_t kOfFiles = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE |
                                   LANDLOCK_ACCESS_FS_WRITE_FILE | kTruncate | kDeviceControl;

constexpr std::uint64_t kDevices = LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_CHAR;

/// The beginning of landlock_ruleset_attr, with members of later versions.
struct Ruleset {
  std::uint64_t files;
  std::uint64_t network;
  std::uint64_t scopes;
};

std::uint64_t AllRights(int version) {
  std::uint64_t rights = (std::uint64_t{1} << 13) - 1;
  if (version >= 2) rights |= kRefer;
  if (version >= 3) rights |= kTruncate;
  if (version >= 5) rights |= kDeviceControl;
  return rights;
}

bool IsBelow(std::string_view path, std::string_view folder) {
  return path.starts_with(folder) &&
         (folder.ends_with('/') || path.size() == folder.size() || path[folder.size()] == '/');
}

}  // namespace

Result<FileRules> FileRules::Create() {
  constexpr unsigned kAskVersion = 1;
  const auto version = static_cast<int>(syscall(kCreateRuleset, nullptr, 0, kAskVersion));
  if (version < 1) return Fail(ErrorCode::kInternal, "this kernel has no Landlock");
  const Ruleset ruleset{AllRights(version), 0, kScopes};
  const std::size_t size = version >= 6 ? sizeof ruleset : sizeof ruleset.files;
  Descriptor rules(static_cast<int>(syscall(kCreateRuleset, &ruleset, size, 0)));
  if (!rules) return Fail(ErrorCode::kInternal, fmt::format("Landlock: {}", strerror(errno)));
  return FileRules(std::move(rules), version);
}

void FileRules::Allow(const std::string& path, Access access) {
  const Descriptor place(open(path.c_str(), O_PATH | O_CLOEXEC));
  struct stat status {};
  if (!place || fstat(place.get(), &status) != 0) return;
  std::uint64_t rights = access == Access::kRead ? kReading : AllRights(version_) & ~kDevices;
  if (!S_ISDIR(status.st_mode)) rights &= kOfFiles & AllRights(version_);
  landlock_path_beneath_attr rule{};
  rule.allowed_access = rights;
  rule.parent_fd = place.get();
  static_cast<void>(syscall(kAddRule, rules_.get(), LANDLOCK_RULE_PATH_BENEATH, &rule, 0));
}

void FileRules::AllowAllBut(const std::vector<std::string>& hidden, const std::string& folder,
                            Access access) {
  if (std::find(hidden.begin(), hidden.end(), folder) != hidden.end()) return;
  const bool hides = std::any_of(hidden.begin(), hidden.end(),
                                 [&](const std::string& path) { return IsBelow(path, folder); });
  if (!hides) return Allow(folder, access);
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator(folder, failed)) {
    const std::string path = entry.path().string();
    // A link is no way past the rules: they hold for what it leads to.
    if (entry.is_symlink(failed)) continue;
    AllowAllBut(hidden, path, access);
  }
}

Result<void> FileRules::Enforce() {
  if (syscall(kRestrictSelf, rules_.get(), 0) == 0) return {};
  return Fail(ErrorCode::kInternal, fmt::format("Landlock: {}", strerror(errno)));
}

}  // namespace credmint
