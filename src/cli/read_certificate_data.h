#pragma once

#include <CLI/App.hpp>

#include "base/error.h"
#include "cli/key_options.h"

namespace credmint::cli {

/// `credmint read-certificate-data`: one JSON object about a certificate file, with the members of
/// aws_signing_helper (keyType, certificateData, serialNumber, supportedAlgorithms); for
/// certificates on tokens its numbered list of matches, with the URI of each.
class ReadCertificateDataCommand {
 public:
  explicit ReadCertificateDataCommand(CLI::App& app);
  [[nodiscard]] const CLI::App& app() const { return *app_; }
  [[nodiscard]] Result<void> Run() const;

 private:
  CLI::App* app_;
  KeyOptions key_;
};

}  // namespace credmint::cli
