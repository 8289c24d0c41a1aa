// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/App.hpp>

#include "base/error.h"
#include "cli/options/role_options.h"

namespace credmint::cli {

/// `credmint credential-process`: mints session credentials and prints them in the form that AWS
/// SDKs and the AWS CLI read from a credential_process. Asks for a PIN that no option gives where a
/// person is at the terminal, never by stdin, stdout or stderr.
///
/// With `--cache` processes share what was minted (credentials/disk_cache.h); credentials from
/// there take no key, no token and no network.
class CredentialProcessCommand {
 public:
  explicit CredentialProcessCommand(CLI::App& app);
  [[nodiscard]] const CLI::App& app() const { return *app_; }
  [[nodiscard]] Result<void> Run() const;

 private:
  CLI::App* app_;
  RoleFlags flags_;
};

}  // namespace credmint::cli
