// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/App.hpp>

#include "base/error.h"

namespace credmint::cli {

/// `credmint version`: prints the version number alone on a line, as aws_signing_helper does. With
/// --verbose, a line for each of the program, OpenSSL and libcurl.
class VersionCommand {
 public:
  explicit VersionCommand(CLI::App& app);
  [[nodiscard]] const CLI::App& app() const { return *app_; }
  [[nodiscard]] Result<void> Run() const;

 private:
  CLI::App* app_;
  bool verbose_ = false;
};

}  // namespace credmint::cli
