// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/App.hpp>
#include <string>

#include "base/error.h"
#include "cli/output/exit_status.h"

namespace credmint::cli {

/// `credmint config check [FILE | --config FILE] [--json]`: all mistakes of a configuration file
/// (CheckConfiguration). Without FILE, those of the user's file and of the system's; it then says
/// which of them other commands read.
///
/// Prints a line for each mistake, with a hint below it, or a line for a file without mistakes:
///
///     web.toml:3: [identity.web]: certificate: /etc/credmint/web.pem: No such file or directory
///     hint: correct the path, or put the file there
///
/// As JSON, it is one object:
///
///     {"version", "status",
///      "files": [{"path", "read": whether other commands read it, "roles": [NAME],
///                 "mistakes": [{"line"?, "text", "hint"}]}]}
///
/// The status is that of the first mistake.
class ConfigCommand {
 public:
  explicit ConfigCommand(CLI::App& app);
  [[nodiscard]] const CLI::App& app() const { return *app_; }
  [[nodiscard]] Result<ExitStatus> Run() const;

 private:
  CLI::App* app_;
  std::string file_;
  bool json_ = false;
};

}  // namespace credmint::cli
