// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "base/error.h"

namespace credmint::serve {

/// The cause of a failure in a few words, for those who watch over a service: "PIN refused, waits
/// for SIGHUP". Says what the role waits for, if no time mends it.
std::string_view CauseOf(ErrorCode code);

}  // namespace credmint::serve
