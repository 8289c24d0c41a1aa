// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace credmint {

/// Writes all of it to a descriptor that blocks. False: errno says why.
bool WriteAll(int descriptor, std::string_view bytes);

}  // namespace credmint
