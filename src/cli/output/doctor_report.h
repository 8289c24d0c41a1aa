// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/output/exit_status.h"
#include "cli/output/redaction.h"
#include "doctor/examination.h"

namespace credmint::cli {

/// The report of `credmint doctor` on stdout: a line for each check, and a line with a hint below
/// each that is not ok.
///
///     ok    token        [web] 'prod' (SoftHSM v2, SoftHSM project, serial 5a3c): wants a PIN
///     fail  certificate  [web] certificate CN=web: it expired on 2026-10-01 12:00:00 UTC
///           hint: renew it with its CA
///
/// The roles are named if there are several, and the identities of roles that have several. On a
/// terminal the verdicts have colours, unless NO_COLOR is set (no-color.org), and a line on stderr
/// tells what is being checked.
///
/// As JSON, it is one object at the end:
///
///     {"version", "status", "checks": [{"verdict", "subject", "roles": [NAME], "identities"?:
///     [NAME],
///                                      "text", "hint"?}]}
class DoctorReport {
 public:
  struct Options {
    bool json = false;
    std::optional<Redaction> redaction;
    bool names_roles = false;
  };

  explicit DoctorReport(Options options);

  void Begin(const std::string& subject);
  void Add(const doctor::Check& check);
  /// Redacts this text in later lines.
  void Learn(const std::string& text);

  /// Writes what is left to write. Fails with kLocalIo if the report could not be written.
  Result<void> Finish();

  /// That of the first failure, because a mint would end with it; kSuccess if there was none.
  [[nodiscard]] ExitStatus status() const { return status_; }

 private:
  [[nodiscard]] std::string Shown(const std::string& text) const;
  void EraseProgress();

  Options options_;
  const bool has_colours_;
  const bool has_progress_;
  bool progress_is_shown_ = false;
  ExitStatus status_ = ExitStatus::kSuccess;
  std::vector<doctor::Check> checks_;  ///< for JSON
  Result<void> written_;
};

}  // namespace credmint::cli
