// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/App.hpp>
#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace credmint::cli {

/// The flags of the process as a whole, independent of any key.
struct ProcessOptions {
  std::vector<std::string> providers;
  bool debug = false;
  std::string log_level = {};  ///< empty: the default
  std::string log_format = "text";
  bool no_key_process = false;
  bool use_openssl_conf = false;
  double key_timeout = 30;  ///< seconds; 0: none
  /// No flag: files that modules and devices must not read.
  std::vector<std::string> secret_files = {};
};

/// The value of --key-timeout; nothing if there is no limit.
std::optional<std::chrono::milliseconds> KeyTimeout(const ProcessOptions& options);

void AddProcessFlags(CLI::App& command, ProcessOptions& options);

/// Configures the log as --log-level, --debug and --log-format ask. Called before anything is
/// logged.
void StartLog(const ProcessOptions& options);

/// The same for a command that stays running. In the journal of systemd, each line begins with its
/// priority, and the default level is `info`, which includes a record of each mint.
void StartLogOfService(const ProcessOptions& options);

/// Configures the format that the arguments ask for, so that mistakes in them have it.
void StartLogOfArguments(std::span<char* const> arguments);

}  // namespace credmint::cli
