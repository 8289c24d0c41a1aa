// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/App.hpp>
#include <string>
#include <vector>

#include "base/error.h"
#include "ossl/library_context.h"

namespace credmint::cli {

/// The flags about the process as a whole, whatever it does with which key.
struct ProcessOptions {
  std::vector<std::string> providers;
  bool debug = false;
  std::string log_format = "text";
};

void AddProcessFlags(CLI::App& command, ProcessOptions& options);

/// Says what --debug and --log-format ask for. Before anything is logged.
void StartLog(const ProcessOptions& options);

/// OpenSSL with our providers and those of --provider.
Result<LibraryContext> StartLibrary(const ProcessOptions& options);

}  // namespace credmint::cli
