// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/App.hpp>
#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "base/bell.h"
#include "base/error.h"
#include "cli/options/cmp_options.h"
#include "cli/options/key_options.h"
#include "cli/options/process_options.h"
#include "enrolment/certificate_issuer.h"
#include "enrolment/renewal.h"
#include "ossl/library_context.h"

namespace credmint::cli {

/// `credmint renew`: has a CA renew a certificate when it is due, and puts the new one where the
/// present one is. One or two lines on stdout say what was done. With --watch it stays, looks again
/// in time, and tells it on stderr and to the service manager.
class RenewCommand {
 public:
  explicit RenewCommand(CLI::App& app);
  [[nodiscard]] const CLI::App& app() const { return *app_; }
  [[nodiscard]] Result<void> Run() const;

 private:
  [[nodiscard]] Result<void> Check(const IdentitySpec& identity) const;
  /// The wishes that signals have told to --watch.
  struct Told {
    Bell bell;
    std::atomic<bool> ended = false;
    std::atomic<bool> hung_up = false;
  };

  /// All that one look at the certificate needs.
  struct Tools {
    const LibraryContext& library;
    const std::shared_ptr<const IdentitySpec>& identity;
    CertificateIssuer& issuer;
    Told& told;
  };

  [[nodiscard]] Result<std::unique_ptr<CertificateIssuer>> MakeIssuer(const LibraryContext& library,
                                                                      Told& told) const;

  /// Nothing if another process is renewing the certificate.
  [[nodiscard]] Result<std::optional<RenewalResult>> RunOnce(const Tools& tools,
                                                             bool at_once) const;
  [[nodiscard]] Result<void> Watch(const Tools& tools) const;

  CLI::App* app_;
  KeyOptions key_;
  ProcessOptions process_ = {.key_timeout = 300};
  std::string owner_passin_;
  std::string exec_;
  double exec_timeout_ = 60;
  CmpOptions cmp_;
  double before_ = 0;  ///< seconds; 0: the default
  bool force_ = false;
  bool rekey_ = false;
  double keep_old_ = 7.0 * 24 * 3600;
  bool watch_ = false;
};

}  // namespace credmint::cli
