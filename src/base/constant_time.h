// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace credmint {

/// Whether both are the same, in a time that tells their lengths but nothing of their bytes: for
/// comparing what a stranger sends with a secret.
bool EqualInConstantTime(std::string_view one, std::string_view other);

}  // namespace credmint
