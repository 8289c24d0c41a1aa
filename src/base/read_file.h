// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

#include "base/error.h"
#include "base/secret.h"

namespace credmint {

/// Largest key, certificate or passphrase file accepted, in bytes.
inline constexpr std::size_t kMaxFileSize = 1 << 20;

/// Who else may have access to a file that is read: anyone; anyone but that not everybody may write
/// it, where it says whom to trust; or nobody, where it is a secret (any permission for group or
/// others is then refused). Only regular files are looked at: pipes have no such bits.
enum class FileAccess { kAny, kNotWrittenByAll, kOwnerOnly };

/// The whole of a file, as a Secret because it may hold a private key. Pipes and /dev/fd/N work.
/// Fails with kUsage if it is missing and its name must not be shown (base/shown_value); with
/// kLocalIo, naming the file and the reason, when it is missing, unreadable, a
/// directory, empty, longer than `max_size` bytes, or open to others against `access`.
Result<Secret> ReadFile(const std::string& path, std::size_t max_size = kMaxFileSize,
                        FileAccess access = FileAccess::kAny);

/// What is left to read from an open descriptor, with the same limits; `name` is for messages.
/// The descriptor stays open.
Result<Secret> ReadDescriptor(int descriptor, const std::string& name,
                              std::size_t max_size = kMaxFileSize);

/// As FileAccess::kNotWrittenByAll, for what is read or loaded by somebody else. What is not there,
/// or is no regular file, passes.
Result<void> CheckNotWrittenByAll(const std::string& path);

/// What is wrong with the permissions of a regular file that holds a private key: "its group may
/// read it (mode 0640)". Empty: nothing, or there is no such file.
std::string DescribeOpenKeyFile(const std::string& path);

}  // namespace credmint
