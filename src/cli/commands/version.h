// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/App.hpp>

#include "base/error.h"

namespace credmint::cli {

/// `credmint version`: prints the version number alone on a line, as aws_signing_helper does.
class VersionCommand {
 public:
  explicit VersionCommand(CLI::App& app);
  [[nodiscard]] const CLI::App& app() const { return *app_; }
  [[nodiscard]] static Result<void> Run();

 private:
  CLI::App* app_;
};

}  // namespace credmint::cli
