// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>

#include "base/descriptor.h"
#include "base/error.h"

namespace credmint {

/// Takes the lock of an open file, as flock() does. Returns the file, with which the lock ends, or
/// nothing if another holder has kept it for longer than `limit`; the file is then closed. The
/// kernel frees the lock of a process that dies.
///
/// Nothing polls: a thread waits in flock(), which knows no time limit. Past the limit that thread
/// stays until it gets the lock, and gives it up at once. So this is for programs that end soon.
///
/// Fails with kLocalIo if the file cannot be locked.
Result<std::optional<Descriptor>> LockWithin(std::chrono::milliseconds limit, Descriptor file);

}  // namespace credmint
