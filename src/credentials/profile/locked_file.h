// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/stat.h>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/descriptor.h"
#include "base/error.h"
#include "base/secret.h"

namespace credmint {

/// A small file with secrets that programs may read while it is replaced. Holds a flock on
/// `.NAME.credmint-lock` next to the file against other updaters that use it; that lock file stays.
/// Readers always see the complete old or new file.
///
/// The file may be missing, or be a symbolic link to an existing or missing file. Refused are:
///
/// - Links of users other than this one and root.
/// - Folders, pipes and devices.
/// - Another user's file, unless this user is root.
///
/// All functions fail with kLocalIo, naming the file.
class LockedFile {
 public:
  /// Waits for the lock for at most `patience`. Creates a missing folder, accessible to this user
  /// only.
  static Result<LockedFile> Open(const std::string& path, std::chrono::milliseconds patience);

  /// Returns the contents, at most kMaxFileSize bytes; empty if there is no file.
  Result<Secret> Read();

  /// Replaces the file atomically: writes a new one next to it, syncs it to disk, and renames it.
  /// The new file is `.NAME.credmint-new`. If this process is killed, the next holder of the lock
  /// removes it. Owner and mode are kept, but group and others lose all access; a file that did not
  /// exist gets 0600.
  ///
  /// Returns false, without replacing anything, if the file is not the one last read: a program
  /// without this lock has written it.
  Result<bool> Replace(std::string_view contents);

 private:
  LockedFile(std::string path, std::string name, Descriptor folder)
      : path_(std::move(path)), name_(std::move(name)), folder_(std::move(folder)) {}

  Result<std::optional<struct stat>> Look() const;
  Result<void> Lock(std::chrono::milliseconds patience);
  Result<Descriptor> OpenLock() const;
  Result<void> WriteBeside(const std::string& name, std::string_view contents) const;
  [[nodiscard]] tl::unexpected<Error> FailErrno(std::string_view what) const;

  std::string path_;  // with the symbolic links at its end followed
  std::string name_;  // relative to the folder
  Descriptor folder_;
  Descriptor lock_;
  std::optional<struct stat> last_read_;
};

}  // namespace credmint
