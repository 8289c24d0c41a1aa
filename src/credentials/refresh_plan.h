// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>

#include "base/clock.h"
#include "base/error.h"

namespace credmint {

/// When a refresher calls next: what it remembers between calls, decided by refresh_schedule.h.
///
/// It has no thread and reads no clock. So a simulation can run a fleet of them. Not synchronised.
class RefreshPlan {
 public:
  using Tick = std::chrono::steady_clock::time_point;

  /// Both clocks at one moment. Nobody corrects the stopwatch.
  struct Moment {
    TimePoint date;
    Tick stopwatch;
  };

  /// The first call is due at `start`.
  explicit RefreshPlan(Tick start) : not_before_(start), last_began_(start) {}

  /// Somebody wants a call, whatever the schedule: at least one second after the last one began.
  /// Failures are forgotten.
  void Want();
  /// Whether Want() was called and no call has begun since.
  [[nodiscard]] bool is_wanted() const { return wanted_; }

  void Begin(Tick now);
  /// The call returned credentials. `random` is in [0, 1), also below.
  void Succeed(TimePoint expiration, Moment now, double random);
  /// The call failed. `expiration` is that of the last good credentials, if there are any.
  void Fail(const Error& error, std::optional<TimePoint> expiration, Moment now, double random);

  /// How long to wait with the next call; not more than zero: it is due. Nothing: until Want().
  [[nodiscard]] std::optional<std::chrono::milliseconds> UntilNext(Moment now) const;

 private:
  void CallSoon();

  bool wanted_ = true;  // by the constructor or Want()
  bool urgent_ = true;  // somebody wanted a call, and none has succeeded since
  bool stuck_ = false;  // NeedsReload()
  int failures_in_a_row_ = 0;
  int short_in_a_row_ = 0;
  TimePoint refresh_at_;  // the epoch: whenever not_before_ allows it
  Tick not_before_;       // no call begins earlier, whatever is due
  Tick last_began_;
};

}  // namespace credmint
