// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/App.hpp>
#include <memory>
#include <string>

#include "base/error.h"
#include "cli/options/key_options.h"
#include "cli/options/process_options.h"
#include "enrolment/certificate_issuer.h"
#include "enrolment/renewal.h"
#include "ossl/library_context.h"

namespace credmint::cli {

/// `credmint renew`: has a CA renew a certificate when it is due, and puts the new one where the
/// present one is. One or two lines on stdout say what was done.
class RenewCommand {
 public:
  explicit RenewCommand(CLI::App& app);
  [[nodiscard]] const CLI::App& app() const { return *app_; }
  [[nodiscard]] Result<void> Run() const;

 private:
  [[nodiscard]] Result<void> Check(const IdentitySpec& identity) const;
  [[nodiscard]] Result<std::unique_ptr<CertificateIssuer>> MakeIssuer(
      const LibraryContext& library) const;
  [[nodiscard]] Result<std::string> RunOnce(const LibraryContext& library,
                                            const std::shared_ptr<const IdentitySpec>& identity,
                                            CertificateIssuer& issuer) const;

  CLI::App* app_;
  KeyOptions key_;
  ProcessOptions process_ = {.key_timeout = 300};
  std::string owner_passin_;
  std::string exec_;
  double exec_timeout_ = 60;
  double before_ = 0;  ///< seconds; 0: the default
  bool force_ = false;
};

}  // namespace credmint::cli
