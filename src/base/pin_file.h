// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/error.h"
#include "base/secret.h"

namespace credmint {

/// The secret in a file: its first line without the line end. `name` is a path or a `file:` URI, as
/// in RFC 7512's pin-source; a "|command" is refused.
///
/// A name without a '/' that is no file is not repeated: it may be the PIN.
///
/// Fails with kLocalIo when the file cannot be read, or when a regular file is readable or writable
/// by group or others: a PIN that everyone on the machine can read protects nothing.
Result<Secret> ReadPinFile(const std::string& name);

/// The first line of a text, without its line end; wipes the rest.
Secret FirstLine(Secret text);

}  // namespace credmint
