// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/App.hpp>
#include <string>

#include "base/error.h"
#include "cli/options/key_options.h"
#include "cli/options/process_options.h"
#include "identity/identity_spec.h"

namespace credmint::cli {

/// `credmint import-certificate`: puts a certificate where its key is, or into a file, and prints
/// the reference to it. All is checked before anything is written.
class ImportCertificateCommand {
 public:
  explicit ImportCertificateCommand(CLI::App& app);
  [[nodiscard]] const CLI::App& app() const { return *app_; }
  [[nodiscard]] Result<void> Run() const;

 private:
  [[nodiscard]] Result<KeyReference> Destination(const IdentitySpec& identity) const;

  CLI::App* app_;
  KeyOptions key_;
  /// Some tokens take their time to write.
  ProcessOptions process_ = {.key_timeout = 300};
  std::string to_;
  std::string owner_passin_;
  bool keep_old_ = false;
  bool force_ = false;
};

}  // namespace credmint::cli
