// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "base/error.h"
#include "base/secret.h"

namespace credmint {

/// Returns `bytes` random bytes from the kernel, at most 256, in lower-case hexadecimal. Fails with
/// kInternal if the kernel gives none.
Result<Secret> RandomHex(std::size_t bytes);

}  // namespace credmint
