// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/error.h"

namespace credmint {

/// The longest output of a command that is taken, in bytes.
inline constexpr std::size_t kMostOutput = std::size_t{256} << 10;

/// Runs a line of shell with this input, and returns its output. CommandIssuer says what it gets,
/// and when it is killed. Fails as that says.
Result<std::string> RunShell(const std::string& line, const std::vector<std::string>& environment,
                             const std::string& input, std::chrono::milliseconds time_limit);

}  // namespace credmint
