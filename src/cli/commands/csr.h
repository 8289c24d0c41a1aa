// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/App.hpp>
#include <string>
#include <vector>

#include "base/error.h"
#include "cli/options/key_options.h"
#include "cli/options/process_options.h"

namespace credmint::cli {

/// `credmint csr`: makes a certificate signing request, to be given to a CA. PEM on stdout, or in a
/// file with --out; then stdout has only what --text or --json asks for.
class CsrCommand {
 public:
  explicit CsrCommand(CLI::App& app);
  [[nodiscard]] const CLI::App& app() const { return *app_; }
  [[nodiscard]] Result<void> Run() const;

 private:
  CLI::App* app_;
  KeyOptions key_;
  ProcessOptions process_;
  std::string subject_;
  std::vector<std::string> dns_;
  std::vector<std::string> ip_;
  std::vector<std::string> uri_;
  std::vector<std::string> email_;
  std::string out_;
  bool text_ = false;
  bool json_ = false;
};

}  // namespace credmint::cli
