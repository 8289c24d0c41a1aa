// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace credmint::daemon {

/// Decides what to tell a service manager about a running server, and when (service_manager.h).
///
/// Services started after this one may query it immediately, and will not wait for long. The server
/// is therefore ready once it has its first answers. It is ready after kLongestStart in any case,
/// so that a service that does not answer cannot delay a machine's start.
///
/// While all is well, "WATCHDOG=1" is sent twice in each watchdog interval.
class ManagerPlan {
 public:
  using Time = std::chrono::steady_clock::time_point;

  static constexpr std::chrono::seconds kLongestStart{30};

  /// `watchdog` is the result of WatchdogTime().
  ManagerPlan(Time start, std::optional<std::chrono::microseconds> watchdog,
              std::function<bool()> has_answered, std::function<bool()> is_content);

  /// Returns the states to send now, in this order.
  std::vector<std::string> Due(Time now);

  /// Returns when to call Due() again, or nothing if nothing more will be sent.
  [[nodiscard]] std::optional<Time> Next(Time now) const;

 private:
  const Time start_;
  const std::optional<std::chrono::microseconds> spacing_;
  const std::function<bool()> has_answered_;
  const std::function<bool()> is_content_;
  std::optional<Time> ping_at_;
  bool is_ready_ = false;
};

}  // namespace credmint::daemon
