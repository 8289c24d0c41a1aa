// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "base/error.h"

namespace credmint {

/// The stable name of a code, for programs that read the log: "PinIncorrect".
std::string_view NameOf(ErrorCode code);

}  // namespace credmint
