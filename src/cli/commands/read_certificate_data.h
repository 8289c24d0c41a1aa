// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/App.hpp>
#include <string>

#include "base/error.h"
#include "cli/options/key_options.h"
#include "cli/options/process_options.h"

namespace credmint::cli {

/// `credmint read-certificate-data`, in the forms of aws_signing_helper: one JSON object about the
/// first certificate of a file; for certificates on tokens and in TPMs its numbered list of
/// matches. With `--format json` a JSON object for each of those, one a line; with `--format text`
/// all that is known about each, for people (certificate_text.h).
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
