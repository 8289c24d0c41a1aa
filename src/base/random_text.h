// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "base/error.h"
#include "base/secret.h"

namespace credmint {

/// So many random bytes of the kernel's, at most 256, as twice as many lower-case hexadecimal
/// digits. Fails with kInternal where the kernel gives none.
Result<Secret> RandomHex(std::size_t bytes);

}  // namespace credmint
