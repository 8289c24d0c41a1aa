// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/error.h"
#include "identity/key_opener.h"
#include "identity/key_reference.h"

namespace credmint {

/// Writes a new file that leads to the private key at `reference` (ossl/uri_file.h), for programs
/// that open only files. The key is opened first, so that the file leads to one that is there.
///
/// The file holds the URI as it was written, with its pin-source. It holds no PIN, and no module: a
/// file must not decide which code runs. Where a file is there, it is never replaced (kLocalIo).
///
/// Fails with kUsage for a reference without the attributes of RFC 7512, which such a file cannot
/// hold, and for a relative pin-source. Otherwise as KeyOpener::OpenKey().
Result<void> WriteReferenceFile(KeyOpener& keys, KeyReference reference, const std::string& path);

}  // namespace credmint
