// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/App.hpp>
#include <string>

#include "base/error.h"
#include "cli/options/key_options.h"
#include "cli/options/process_options.h"

namespace credmint::cli {

/// `credmint sign-string`: signs the fixed test string of aws_signing_helper and prints the
/// signature. The string is
///     "AWS Roles Anywhere Credential Helper Signing Test" || "1" || SHA256("IAM RA" || public key)
/// where the public key is a PKCS#1 RSAPublicKey or an uncompressed EC point.
class SignStringCommand {
 public:
  explicit SignStringCommand(CLI::App& app);
  [[nodiscard]] const CLI::App& app() const { return *app_; }
  [[nodiscard]] Result<void> Run() const;

 private:
  CLI::App* app_;
  KeyOptions key_;
  ProcessOptions process_;
  std::string format_ = "json";
  std::string digest_ = "SHA256";
};

}  // namespace credmint::cli
