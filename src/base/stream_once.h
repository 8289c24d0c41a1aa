// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/error.h"
#include "base/secret.h"

namespace credmint {

/// What can be read from a descriptor to its end, which is possible once: read when it is first
/// asked for, and kept for as long as the process runs, because a key or a certificate from a pipe
/// is needed again. Limits and errors as ReadDescriptor(); `name` is for messages. A failure is
/// kept as well: what was read before it is gone. Any thread may call.
Result<Secret> ReadStreamOnce(int descriptor, const std::string& name);

}  // namespace credmint
