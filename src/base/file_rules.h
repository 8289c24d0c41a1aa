// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/descriptor.h"
#include "base/error.h"

namespace credmint {

/// Takes all files away from this thread and its children, for good, except those that it allows
/// (Landlock, landlock(7)). Open files stay open. From Linux 6.12 on, other processes get no signal
/// from this one, and no abstract Unix socket of theirs can be reached.
///
/// A rule holds for a file, or for a folder with all that is below it, now and later.
class FileRules {
 public:
  enum class Access { kRead, kWrite };

  /// Fails with kInternal if the kernel has no Landlock, or has it switched off.
  static Result<FileRules> Create();

  /// Allows what exists at this path, links followed. Ignores a path that does not exist. kWrite
  /// includes reading, but not making devices.
  void Allow(const std::string& path, Access access);

  /// Allows all in a folder but these paths, which are absolute and without links, and what leads
  /// to them. In the folders on the way, only entries that exist now are allowed.
  void AllowAllBut(const std::vector<std::string>& hidden, const std::string& folder,
                   Access access);

  /// Needs PR_SET_NO_NEW_PRIVS, and a process with one thread: other threads keep their rights.
  Result<void> Enforce();

 private:
  FileRules(Descriptor rules, int version) : rules_(std::move(rules)), version_(version) {}

  Descriptor rules_;
  int version_;
};

}  // namespace credmint
