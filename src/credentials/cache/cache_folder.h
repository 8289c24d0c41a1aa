// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/descriptor.h"
#include "base/error.h"
#include "base/secret.h"

namespace credmint {

/// A folder whose files nobody but this user can read or write, in memory, gone with the session
/// or service: `$XDG_RUNTIME_DIR/credmint`, made if it is missing, or else the first path of
/// `$RUNTIME_DIRECTORY` (systemd).
///
/// Everything is reached from the folder's open descriptor and judged by what was opened, so that
/// nothing can be exchanged in between. Names of files have no slash. All functions fail with
/// kLocalIo, which says what is wrong with what.
class CacheFolder {
 public:
  /// Fails if neither variable is set, if what it names belongs to somebody else or may be written
  /// by others, or if the folder is a symbolic link or not for its owner alone (0700).
  static Result<CacheFolder> Open();

  /// The whole of a regular file of ours, with mode 0600 or less and without a second name.
  [[nodiscard]] Result<Secret> Read(const std::string& name) const;

  /// Writes a file in place of the one with that name, if there is one: who reads gets the old or
  /// the new one. For one writer at a time: hold the lock.
  [[nodiscard]] Result<void> Replace(const std::string& name, const Secret& contents) const;

  /// Locks the file of that name, which is made if it is missing, until the descriptor is closed
  /// or the process ends. Nothing if somebody else has it.
  [[nodiscard]] Result<std::optional<Descriptor>> TryLock(const std::string& name) const;

  /// Removes a file, if it is there.
  [[nodiscard]] Result<void> Remove(const std::string& name) const;

  /// The names of all that is in it, in alphabetical order.
  [[nodiscard]] Result<std::vector<std::string>> Names() const;

 private:
  static Result<CacheFolder> Check(Descriptor folder, std::string path, const char* hint);

  CacheFolder(Descriptor folder, std::string path)
      : folder_(std::move(folder)), path_(std::move(path)) {}

  Descriptor folder_;
  std::string path_;  // for messages
};

}  // namespace credmint
