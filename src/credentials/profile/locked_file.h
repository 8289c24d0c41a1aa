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

/// A small file with secrets that several programs read while it is replaced, held against others
/// that replace it in this way (a flock on `.NAME.credmint-lock` beside it, which stays). Readers
/// find the old file or the new one, complete, whatever happens in between.
///
/// The file may be missing, or be a symbolic link, which is followed, also to a file that is not
/// there yet; links of users other than this one and root are refused. So are a folder, a pipe, a
/// device, and, unless this is root, a file of another user.
///
/// Everything here fails with kLocalIo, naming the file.
class LockedFile {
 public:
  /// Waits for the lock at most `patience`. A missing folder is made, for this user alone.
  static Result<LockedFile> Open(const std::string& path, std::chrono::milliseconds patience);

  /// The contents; nothing if there is no file. At most kMaxFileSize bytes.
  Result<Secret> Read();

  /// Replaces the file: writes a new one beside it (`.NAME.credmint-new`, removed by the next
  /// holder of the lock if this process is killed), has it written to the disk, and gives it the
  /// name. Owner and mode stay, but nobody except the owner is left any access; a new file has mode
  /// 0600. The result is false, and nothing is done, if it is not the file that was last read: a
  /// program without this lock has written it.
  Result<bool> Replace(std::string_view contents);

 private:
  LockedFile(std::string path, std::string name, Descriptor folder)
      : path_(std::move(path)), name_(std::move(name)), folder_(std::move(folder)) {}

  Result<std::optional<struct stat>> Look() const;
  Result<void> Lock(std::chrono::milliseconds patience);
  Result<Descriptor> OpenLock() const;
  Result<void> WriteBeside(const std::string& name, std::string_view contents) const;
  [[nodiscard]] tl::unexpected<Error> FailErrno(std::string_view what) const;

  std::string path_;  // without symbolic links at its end
  std::string name_;  // in the folder
  Descriptor folder_;
  Descriptor lock_;
  std::optional<struct stat> last_read_;
};

}  // namespace credmint
