// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/error.h"

namespace credmint::cli {

/// The folder for what credmint remembers from one run to the next: that of systemd
/// ($STATE_DIRECTORY), or else `credmint` in $XDG_STATE_HOME or ~/.local/state. It need not exist.
/// Fails with kLocalIo for a path that is not absolute.
Result<std::string> StateFolder();

}  // namespace credmint::cli
