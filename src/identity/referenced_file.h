// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.h"
#include "base/read_file.h"
#include "base/secret.h"
#include "identity/key_reference.h"

namespace credmint {

/// Reads the bytes that a reference names, if it is not for a store (KeyReference::is_file()): a
/// file, an environment variable, or a stream. A stream is read once and kept for later calls.
///
/// Fails with kLocalIo if there is nothing to read, or if a file is more open than `access` allows.
/// A hint points out a name that looks like a device's without its scheme.
Result<Secret> ReadReferenced(const KeyReference& reference, FileAccess access = FileAccess::kAny);

}  // namespace credmint
