// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace credmint {

/// Writes a file, or replaces one. Readers see the earlier contents or the new ones, never a part:
/// they are written beside their place, synced to disk and renamed.
///
/// A replaced file keeps its owner and mode; a new one has mode 0644. A symbolic link stays, and
/// the file behind it is replaced. Fails with kLocalIo, naming the file, also if it is no regular
/// file.
Result<void> ReplaceFile(const std::string& path, std::string_view contents);

}  // namespace credmint
