// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/App.hpp>
#include <string>

#include "base/error.h"
#include "cli/options/key_options.h"
#include "cli/options/process_options.h"

namespace credmint::cli {

/// `credmint read-certificate-data`: prints certificates, by default as aws_signing_helper does.
///
/// * A file: its first certificate as a JSON object.
/// * A token or TPM: the matching certificates as a numbered list, or with `--format json` as JSON
///   objects, one a line.
/// * `--format text`: all that is known about each certificate, for people (certificate_text.h).
class ReadCertificateDataCommand {
 public:
  explicit ReadCertificateDataCommand(CLI::App& app);
  [[nodiscard]] const CLI::App& app() const { return *app_; }
  [[nodiscard]] Result<void> Run() const;

 private:
  CLI::App* app_;
  KeyOptions key_;
  ProcessOptions process_;
  std::string format_;
};

}  // namespace credmint::cli
