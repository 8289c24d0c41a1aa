// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/descriptor.h"
#include "base/error.h"
#include "base/secret.h"

namespace credmint {

/// A directory whose files only this user can read or write, in memory, and deleted with the
/// session or service. It is `$XDG_RUNTIME_DIR/credmint`, created if missing, or else the first
/// path in `$RUNTIME_DIRECTORY` (systemd).
///
/// All files are opened relative to the directory's open descriptor and checked after opening, so
/// that nothing can be exchanged in between. File names contain no slash. All functions fail with
/// kLocalIo, which names the path and the problem.
class CacheFolder {
 public:
  /// Fails in these cases:
  ///
  /// - Neither variable is set.
  /// - The directory that it names belongs to another user, or others can write it.
  /// - The cache directory is a symbolic link, or accessible to others (it must be 0700).
  static Result<CacheFolder> Open();

  /// Reads a whole regular file of ours with mode 0600 or less and without a second name.
  [[nodiscard]] Result<Secret> Read(const std::string& name) const;

  /// Creates or atomically replaces a file: readers see the old or the new contents. Only one
  /// writer may call it at a time, so hold the lock.
  [[nodiscard]] Result<void> Replace(const std::string& name, const Secret& contents) const;

  /// Locks the file of that name, created if missing, until the descriptor is closed or the process
  /// ends. Returns nothing if another process holds the lock for longer than `limit`.
  [[nodiscard]] Result<std::optional<Descriptor>> Lock(const std::string& name,
                                                       std::chrono::milliseconds limit = {}) const;

  /// Removes a file if it exists.
  [[nodiscard]] Result<void> Remove(const std::string& name) const;

  /// Returns the names of all files, in alphabetical order.
  [[nodiscard]] Result<std::vector<std::string>> Names() const;

 private:
  static Result<CacheFolder> Check(Descriptor folder, std::string path, const char* hint);

  CacheFolder(Descriptor folder, std::string path)
      : folder_(std::move(folder)), path_(std::move(path)) {}

  [[nodiscard]] Result<Descriptor> OpenLock(const std::string& name) const;
  [[nodiscard]] bool IsNamed(const Descriptor& file, const std::string& name) const;

  Descriptor folder_;
  std::string path_;  // for messages
};

}  // namespace credmint
