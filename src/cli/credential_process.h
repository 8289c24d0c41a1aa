#pragma once

#include <CLI/App.hpp>

#include "base/error.h"
#include "cli/key_options.h"
#include "cli/service_options.h"

namespace credmint::cli {

/// `credmint credential-process`: mints session credentials and prints them in the form that AWS
/// SDKs and the AWS CLI read from a credential_process. Asks for a PIN that no option gives where a
/// person is at the terminal, never by stdin, stdout or stderr.
class CredentialProcessCommand {
 public:
  explicit CredentialProcessCommand(CLI::App& app);
  [[nodiscard]] const CLI::App& app() const { return *app_; }
  [[nodiscard]] Result<void> Run() const;

 private:
  CLI::App* app_;
  KeyOptions key_;
  ServiceOptions service_;
};

}  // namespace credmint::cli
