// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "cli/output/exit_status.h"

namespace credmint::cli {

/// Prepares this process, runs the command that the arguments of `main` name, and reports a failure
/// on stderr. `arguments` begin with the program's name.
ExitStatus RunProgram(std::vector<char*> arguments);

}  // namespace credmint::cli
