// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/App.hpp>
#include <string_view>

#include "base/error.h"

namespace credmint::cli {

/// True if the value of this option (named without dashes) is a secret itself, not the place of
/// one.
bool IsSecret(std::string_view name, std::string_view value);

/// Fails with kUsage if an option is given two different secrets. The last value of an option
/// counts, but a wrong secret may use up one of few tries. Sources of secrets (`file:PATH`) are
/// places, as paths are, and not checked.
Result<void> CheckSecrets(const CLI::App& command);

}  // namespace credmint::cli
