// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/App.hpp>

#include "base/error.h"
#include "cli/options/role_options.h"

namespace credmint::cli {

/// `credmint credential-process`: mints session credentials and prints them in the form that AWS
/// SDKs and the AWS CLI read from a credential_process. If no option gives a PIN, asks for it at
/// the controlling terminal, never through stdin, stdout or stderr.
///
/// With `--cache`, processes share what was minted (credentials/cache/disk_cache.h). Credentials
/// from the cache need no key, no token and no network.
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
