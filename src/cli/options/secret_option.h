// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/App.hpp>
#include <string_view>

#include "base/error.h"

namespace credmint::cli {

/// Whether what was given to the option of this name (without its dashes) is a secret itself, and
/// not the place of one.
bool IsSecret(std::string_view name, std::string_view value);

/// Of a value that is given twice the last one counts; but not of a secret, because a wrong one may
/// use up a try of few: two different ones fail with kUsage. Sources of secrets (`file:PATH`) are
/// places, as paths are.
Result<void> CheckSecrets(const CLI::App& command);

}  // namespace credmint::cli
