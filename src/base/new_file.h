// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "base/error.h"

namespace credmint {

/// Fails with kLocalIo if there is a file already, so that nothing costly is done in vain.
Result<void> CheckIsNewFile(const std::string& path);

/// Writes a file that did not exist, with these permissions as far as the umask allows them. It
/// appears complete, or not at all: it is written beside its place, synced to disk and renamed. A
/// file that is there, also one that came meanwhile, is never replaced. Fails with kLocalIo, naming
/// the file.
Result<void> WriteNewFile(const std::string& path, std::string_view contents,
                          mode_t permissions = 0666);

}  // namespace credmint
