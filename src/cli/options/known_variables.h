// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "doctor/surroundings.h"

namespace credmint::cli {

/// The environment variables that change what credmint, a module, a TPM's library or an AWS client
/// does, in the order in which `credmint doctor` shows them.
std::span<const doctor::Variable> KnownVariables();

}  // namespace credmint::cli
