// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace credmint {

/// Writes all bytes to a blocking descriptor. On failure returns false, with the reason in errno.
bool WriteAll(int descriptor, std::string_view bytes);

}  // namespace credmint
