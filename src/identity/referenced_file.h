// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.h"
#include "base/read_file.h"
#include "base/secret.h"
#include "identity/key_reference.h"

namespace credmint {

/// The bytes that a reference names which is none to a store (KeyReference::is_file()): of a file,
/// of an environment variable, or of a stream, which is read once and kept for whoever asks again.
///
/// Fails with kLocalIo when there is nothing to read, and with a hint where the name of a file is
/// one of a device without its scheme, or where it is open to others against `access`.
Result<Secret> ReadReferenced(const KeyReference& reference, FileAccess access = FileAccess::kAny);

}  // namespace credmint
