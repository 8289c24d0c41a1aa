// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace credmint {

/// Compares untrusted input with a secret. The time taken reveals the lengths but not the bytes.
bool EqualInConstantTime(std::string_view one, std::string_view other);

}  // namespace credmint
