// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/error.h"
#include "base/secret.h"

namespace credmint {

/// Reads a secret from a file: the first line, without its line end. `name` is a path or a `file:`
/// URI, as in RFC 7512's pin-source. A "|command" is refused.
///
/// A name without a '/' that is not a file is never shown, because it may be the PIN.
///
/// Fails with kSecretUnreadable if the file cannot be read, or if it is a regular file that group
/// or others may read or write. A PIN that every user can read protects nothing.
Result<Secret> ReadPinFile(const std::string& name);

/// Returns the first line of a text, without its line end, and wipes the rest.
Secret FirstLine(Secret text);

/// The same for what was read from a file or stream. A failure becomes kSecretUnreadable.
Result<Secret> FirstLine(Result<Secret> read);

}  // namespace credmint
