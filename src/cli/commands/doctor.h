// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/App.hpp>
#include <optional>

#include "base/error.h"
#include "cli/options/role_options.h"
#include "cli/output/doctor_report.h"
#include "cli/output/exit_status.h"
#include "daemon/server_options.h"
#include "doctor/examined_identity.h"
#include "doctor/identity_checks.h"
#include "doctor/spare_verdicts.h"

namespace credmint::cli {

/// `credmint doctor [FLAGS OF A MINT] [--login] [--mint] [--json] [--redact]`: checks all that a
/// mint needs, in the order in which it is needed, and goes on after a failure. So the first
/// failure is the cause. Without flags it checks all roles of the configuration file.
///
/// Nothing is sent to a token, and no auth value to a TPM, without --login. With it, each token is
/// logged in to at most once, and each key makes one signature.
///
/// --mint asks the service for a session of each role. The key then signs the request instead.
///
/// Prints what DoctorReport describes. The status is that of the first failure.
class DoctorCommand {
 public:
  explicit DoctorCommand(CLI::App& app);
  [[nodiscard]] const CLI::App& app() const { return *app_; }
  [[nodiscard]] Result<ExitStatus> Run() const;

 private:
  /// The configuration, and what it says.
  struct Wanted {
    std::optional<Configuration> file;
    Result<WantedRoles> roles;
    Result<daemon::ServerOptions> server;
  };

  [[nodiscard]] Wanted ReadWanted() const;
  [[nodiscard]] DoctorReport::Options ReportOptions(const Wanted& wanted) const;
  static void CheckConfiguration(const doctor::Observer& observer, const Wanted& wanted);
  void CheckRoles(const doctor::Observer& reporting, const WantedRoles& wanted) const;
  void AnnounceLogin(const doctor::Observer& observer) const;
  void CheckLogins(const doctor::Observer& observer, const LibraryContext& library,
                   const WantedRoles& wanted,
                   const std::vector<doctor::ExaminedIdentity>& identities,
                   const doctor::SpareVerdicts& verdicts) const;

  CLI::App* app_;
  RoleFlags flags_;
  bool login_ = false;
  bool mint_ = false;
  bool json_ = false;
  bool redact_ = false;
};

}  // namespace credmint::cli
