// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/error.h"

namespace credmint::cli {

/// The hint for an error, for users of the program: its remedy in terms of the program's flags, and
/// the error's own hint. Empty if the error has none of these.
std::string HintText(const Error& error);

}  // namespace credmint::cli
