#pragma once

#include <cstddef>
#include <string>

#include "base/error.h"
#include "base/secret.h"

namespace credmint {

/// Largest key, certificate or passphrase file accepted, in bytes.
inline constexpr std::size_t kMaxFileSize = 1 << 20;

/// Who else may have access to a file that is read: anyone, or for secrets nobody (a regular file
/// with any permission for group or others is then refused; pipes have no such bits).
enum class FileAccess { kAny, kOwnerOnly };

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

}  // namespace credmint
