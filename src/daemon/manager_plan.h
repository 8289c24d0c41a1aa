// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace credmint::daemon {

/// What a service manager is told of a server that runs, and when (service_manager.h).
///
/// What is started after the server may ask it at once, and not for long. So it is ready with its
/// first answers; but after kLongestStart in any case, because a service that does not answer must
/// not hold up the start of a machine. "WATCHDOG=1" comes twice in each watchdog time, as long as
/// all is well.
class ManagerPlan {
 public:
  using Time = std::chrono::steady_clock::time_point;

  static constexpr std::chrono::seconds kLongestStart{30};

  /// `watchdog`: WatchdogTime().
  ManagerPlan(Time start, std::optional<std::chrono::microseconds> watchdog,
              std::function<bool()> has_answered, std::function<bool()> is_content);

  /// What is to be told now, in this order.
  std::vector<std::string> Due(Time now);

  /// When to ask again; nothing: there is nothing more to tell.
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
