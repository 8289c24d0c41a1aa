// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

#include "base/error.h"
#include "base/secret.h"

namespace credmint {

/// Largest key, certificate or passphrase file accepted, in bytes.
inline constexpr std::size_t kMaxFileSize = 1 << 20;

/// The access that users other than the owner may have to a file:
///
/// - kAny: any access.
/// - kNotWrittenByAll: not writable by everyone, for a file that says whom to trust.
/// - kOwnerOnly: no permission for group or others, for a file that holds a secret.
///
/// Only regular files are checked: pipes have no such permissions.
enum class FileAccess { kAny, kNotWrittenByAll, kOwnerOnly };

/// Reads a whole file. The result is a Secret because the file may hold a private key. Pipes and
/// /dev/fd/N work; a pipe must have a writer within 20 seconds.
///
/// Fails with kUsage if the file is missing and its name must not be shown (base/shown_value).
/// Otherwise fails with kLocalIo if it is missing, unreadable, a directory, empty, longer than
/// `max_size` bytes, or more open than `access` allows. That message names the file and the reason.
Result<Secret> ReadFile(const std::string& path, std::size_t max_size = kMaxFileSize,
                        FileAccess access = FileAccess::kAny);

/// Reads the rest of an open descriptor, with the same limits. `name` is for messages. The
/// descriptor stays open.
Result<Secret> ReadDescriptor(int descriptor, const std::string& name,
                              std::size_t max_size = kMaxFileSize);

/// Checks a file against FileAccess::kNotWrittenByAll, for files that other code reads or loads.
/// Succeeds if the path does not exist or is not a regular file.
Result<void> CheckNotWrittenByAll(const std::string& path);

/// Describes excessive permissions of a regular file that holds a private key: "its group may read
/// it (mode 0640)". Empty if there are none, or if there is no such file.
std::string DescribeOpenKeyFile(const std::string& path);

}  // namespace credmint
