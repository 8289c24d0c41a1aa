// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/App.hpp>
#include <chrono>
#include <optional>
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
  bool no_key_process = false;
  double key_timeout = 30;  ///< seconds; 0: none
};

/// The value of --key-timeout; nothing if there is no limit.
std::optional<std::chrono::milliseconds> KeyTimeout(const ProcessOptions& options);

void AddProcessFlags(CLI::App& command, ProcessOptions& options);

/// Configures the log as --debug and --log-format ask. Called before anything is logged.
void StartLog(const ProcessOptions& options);

/// How long a command runs.
enum class Running { kOnce, kUntilTold };

/// Starts OpenSSL. Modules and devices get processes of their own, and so do the providers of
/// --provider. Call it while this process has one thread; for kUntilTold it may have more later.
Result<LibraryContext> StartLibrary(const ProcessOptions& options,
                                    Running running = Running::kOnce);

}  // namespace credmint::cli
