// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <utility>

#include "serve/health/status.h"

namespace credmint::daemon {

/// Decides whether a server still works. A service manager restarts it if not (WatchdogTime() in
/// service_manager.h).
///
/// The server is stuck in two cases:
///
/// - Its HTTP thread is stuck.
/// - A role has no valid credentials, and the call for new ones has not ended in time. For example,
///   a token does not return from a signature.
///
/// An unreachable service does not count, because a restart would not help. A hanging call does not
/// count while the old credentials are valid.
class Watchdog {
 public:
  /// `since_turn` is HttpServer::SinceTurn().
  Watchdog(std::function<std::chrono::milliseconds()> since_turn, serve::RolesStatus roles)
      : since_turn_(std::move(since_turn)), roles_(std::move(roles)) {}

  [[nodiscard]] bool IsContent() const;

 private:
  const std::function<std::chrono::milliseconds()> since_turn_;
  const serve::RolesStatus roles_;
};

}  // namespace credmint::daemon
