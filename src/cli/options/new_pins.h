// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/App.hpp>
#include <string>

#include "base/error.h"
#include "enrolment/new_token.h"

namespace credmint::cli {

/// The flags with the sources of a new token's PINs, as typed; empty if not given.
struct NewPinSources {
  std::string so_passin;
  std::string passin;
};

void AddNewSoPinFlag(CLI::App& command, std::string& so_passin);

/// Fails with kUsage if both name the same source. A descriptor can be read once, and both PINs
/// would be a file's first line.
Result<void> CheckTheyDiffer(const NewPinSources& sources);

/// Reads the PINs, or asks for each of them twice at the terminal. Fails with kPinRequired if there
/// is neither, and with kUsage if a PIN is empty or was typed in two ways.
Result<TokenPins> ReadNewPins(const NewPinSources& sources);

}  // namespace credmint::cli
