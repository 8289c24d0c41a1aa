// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <utility>

#include "serve/health/status.h"

namespace credmint::daemon {

/// Whether a server still does what it is there for, as a service manager asks that restarts it if
/// not (WatchdogTime() in service_manager.h).
///
/// It does not if its HTTP thread is stuck, or if a role has no valid credentials and the call that
/// would bring some has not ended in time, as when a token does not come back from a signature. A
/// service that cannot be reached is no reason, since a restart would not help, and neither is a
/// call that hangs while the old credentials can be given out.
class Watchdog {
 public:
  /// `since_turn`: HttpServer::SinceTurn().
  Watchdog(std::function<std::chrono::milliseconds()> since_turn, serve::RolesStatus roles)
      : since_turn_(std::move(since_turn)), roles_(std::move(roles)) {}

  [[nodiscard]] bool IsContent() const;

 private:
  const std::function<std::chrono::milliseconds()> since_turn_;
  const serve::RolesStatus roles_;
};

}  // namespace credmint::daemon
