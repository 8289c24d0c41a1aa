// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/App.hpp>

#include "base/error.h"

namespace credmint::cli {

/// `credmint cache list` and `credmint cache clear`: the credentials that --cache has stored.
///
/// The list has a line for each entry: role ARN, session name ("-": chosen by the service), expiry,
/// and the time left. `--json` prints an array, without secrets:
///
///     [{"roleArn", "roleSessionName", "accessKeyId", "expiration": RFC 3339, "secondsLeft",
///       "fresh": whether a run would use it}]
class CacheCommand {
 public:
  explicit CacheCommand(CLI::App& app);
  [[nodiscard]] const CLI::App& app() const { return *app_; }
  [[nodiscard]] Result<void> Run() const;

 private:
  CLI::App* app_;
  CLI::App* list_ = nullptr;
  bool json_ = false;
};

}  // namespace credmint::cli
