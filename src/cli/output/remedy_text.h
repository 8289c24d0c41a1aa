// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/error.h"

namespace credmint::cli {

/// What to do about an error, for the program's user: its remedy in the flags of the program, with
/// what the error adds to it, or its hint. Empty where nothing is known.
std::string HintText(const Error& error);

}  // namespace credmint::cli
