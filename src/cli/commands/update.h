// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/App.hpp>
#include <string>

#include "base/error.h"
#include "cli/options/role_options.h"

namespace credmint::cli {

/// `credmint update`: writes session credentials into a profile of the shared credentials file
/// (credentials/profile/credentials_file_writer.h), for programs that read nothing else, and keeps
/// them fresh. With --once it writes them once and ends.
///
/// SIGTERM and SIGINT end it with success; a second one ends it at once. SIGHUP makes it read the
/// secrets (--passin and similar options) again, and mint.
///
/// Never asks for a secret and prints nothing. Later failures are written to stderr and retried. If
/// the profile cannot be written, it fails before anything is sent.
class UpdateCommand {
 public:
  explicit UpdateCommand(CLI::App& app);
  [[nodiscard]] const CLI::App& app() const { return *app_; }
  [[nodiscard]] Result<void> Run() const;

 private:
  CLI::App* app_;
  RoleFlags flags_;
  std::string profile_ = "default";
  bool once_ = false;
};

}  // namespace credmint::cli
