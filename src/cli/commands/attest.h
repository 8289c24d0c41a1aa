// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/App.hpp>
#include <string>

#include "base/error.h"
#include "cli/options/device_place.h"
#include "cli/options/key_options.h"
#include "cli/options/process_options.h"

namespace credmint::cli {

/// `credmint key attest`: has a device state where a key is, or answer a verifier's challenge. The
/// file goes to stdout, or to a new file with --out.
class AttestCommand {
 public:
  explicit AttestCommand(CLI::App& key_command);
  [[nodiscard]] const CLI::App& app() const { return *app_; }
  [[nodiscard]] Result<void> Run() const;

 private:
  [[nodiscard]] Result<OpenDevice> Prepare() const;
  [[nodiscard]] Result<std::string> Attest() const;
  [[nodiscard]] Result<std::string> Answer() const;

  CLI::App* app_;
  KeyOptions key_;
  /// A TPM takes its time to make an endorsement key of RSA.
  ProcessOptions process_ = {.key_timeout = 300};
  std::string reference_;
  std::string nonce_;
  std::string challenge_;
  std::string endorsement_passin_;
  std::string out_;
};

}  // namespace credmint::cli
