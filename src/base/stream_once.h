// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/error.h"
#include "base/secret.h"

namespace credmint {

/// Reads a descriptor to its end on the first call, and returns the same contents on later calls. A
/// key or a certificate from a pipe is needed more than once but can be read only once. A failure
/// is kept as well. Limits and errors are those of ReadDescriptor(); `name` is for messages. Safe
/// to call from any thread.
Result<Secret> ReadStreamOnce(int descriptor, const std::string& name);

}  // namespace credmint
