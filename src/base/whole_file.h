// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <string_view>

#include "base/error.h"

namespace credmint {

/// Files that appear complete, or not at all. They are written beside their place, synced to disk
/// and renamed. All functions fail with kLocalIo, naming the file.

/// Permissions of a file for its owner alone.
inline constexpr mode_t kPrivateMode = 0600;

/// Fails if there is a file already, so that nothing costly is done in vain.
Result<void> CheckIsNewFile(const std::string& path);

/// Writes a file that did not exist, with these permissions as far as the umask allows them. A file
/// that is there, also one that came meanwhile, is never replaced.
Result<void> WriteNewFile(const std::string& path, std::string_view contents,
                          mode_t permissions = 0666);

/// Removes what processes that were killed have left beside a file when they wrote it. Somebody
/// else may be writing the file just now, so what is younger than `least_age` stays.
void RemoveLeftovers(const std::string& path,
                     std::chrono::minutes least_age = std::chrono::minutes(10));

/// Writes a file, or replaces one. A replaced file keeps its owner, mode and POSIX ACL; if the ACL
/// cannot be kept, the group loses its rights. A new one has mode 0644. A symbolic link stays, and
/// the file behind it is replaced. Fails also if it is no regular file.
Result<void> ReplaceFile(const std::string& path, std::string_view contents);

}  // namespace credmint
