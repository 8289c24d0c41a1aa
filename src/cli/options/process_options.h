// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/App.hpp>
#include <string>
#include <vector>

#include "base/error.h"
#include "ossl/library_context.h"

namespace credmint::cli {

/// The flags of the process as a whole, independent of any key.
struct ProcessOptions {
  std::vector<std::string> providers;
  bool debug = false;
  std::string log_format = "text";
};

void AddProcessFlags(CLI::App& command, ProcessOptions& options);

/// Configures the log as --debug and --log-format ask. Called before anything is logged.
void StartLog(const ProcessOptions& options);

/// Starts OpenSSL with the built-in providers and those of --provider.
Result<LibraryContext> StartLibrary(const ProcessOptions& options);

}  // namespace credmint::cli
