// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/App.hpp>
#include <string>

#include "base/error.h"
#include "cli/options/key_options.h"
#include "cli/options/process_options.h"

namespace credmint::cli {

/// `credmint token init`: makes a token of a free slot, and prints its URI. A PIN without a source
/// is asked for twice at the terminal, because a mistyped one would be lost with the token.
class TokenCommand {
 public:
  explicit TokenCommand(CLI::App& app);
  [[nodiscard]] const CLI::App& app() const { return *app_; }
  [[nodiscard]] Result<void> Run() const;

 private:
  CLI::App* app_;
  KeyOptions key_;
  /// Some tokens erase themselves first.
  ProcessOptions process_ = {.key_timeout = 300};
  std::string uri_;
  std::string so_passin_;
};

}  // namespace credmint::cli
