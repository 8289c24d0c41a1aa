// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/App.hpp>
#include <string>

#include "base/error.h"
#include "cli/options/role_options.h"
#include "daemon/end_signals.h"

namespace credmint::cli {

/// `credmint update`: writes session credentials into a profile of the shared credentials file
/// (credentials/credentials_file_writer.h), for programs that read nothing else, and keeps them
/// fresh until SIGTERM or SIGINT, which it ends by with success; a second one ends it at once.
/// SIGHUP has the secrets of --passin and its like read again, and credentials minted. With --once
/// it writes and ends.
///
/// Nothing is asked for, nothing is printed; what fails on the way is written to stderr and tried
/// again. It fails before anything is sent if the profile could not be written.
class UpdateCommand {
 public:
  explicit UpdateCommand(CLI::App& app);
  [[nodiscard]] const CLI::App& app() const { return *app_; }
  [[nodiscard]] Result<void> Run(const daemon::EndSignals& end_signals) const;

 private:
  CLI::App* app_;
  RoleFlags flags_;
  std::string profile_ = "default";
  bool once_ = false;
};

}  // namespace credmint::cli
