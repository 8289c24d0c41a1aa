// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/App.hpp>
#include <string>
#include <vector>

#include "base/error.h"
#include "cli/options/role_options.h"
#include "daemon/child_process.h"

namespace credmint::cli {

/// `credmint exec ... -- COMMAND`: runs a command with credentials (daemon/child_process.h).
///
/// The command gets container credentials from a server in this process, for this user and with a
/// token that is in no file. They stay fresh while it runs. With --env it gets them in variables,
/// which no process keeps fresh, and takes this process's place.
///
/// Mints before the command starts. If that fails, the command does not run. If no option gives a
/// PIN, asks for it at the controlling terminal; never later, when the command uses the terminal.
/// Prints nothing. Later failures are written to stderr and retried.
class ExecCommand {
 public:
  static constexpr const char* kName = "exec";

  /// `words` are the command to run: what follows "--", which is no flag of ours.
  ExecCommand(CLI::App& app, std::vector<std::string> words);
  [[nodiscard]] const CLI::App& app() const { return *app_; }

  /// Returns only an error of credmint. Otherwise this process ends with the command's status, or
  /// with 126 or 127 if the command cannot be run.
  [[nodiscard]] Result<void> Run();

 private:
  [[nodiscard]] Result<void> Check() const;
  Result<void> RunServed(WantedRoles wanted);
  Result<void> RunStatic(const WantedRoles& wanted);

  CLI::App* app_;
  RoleFlags flags_;
  bool env_ = false;
  daemon::ChildCommand command_;
};

}  // namespace credmint::cli
