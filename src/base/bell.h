// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

namespace credmint {

/// Wakes the one thread that waits. A ring while nobody waits is kept, and several are one.
class Bell {
 public:
  void Ring() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      rung_ = true;
    }
    changed_.notify_one();
  }

  /// Waits for a ring, at most until then.
  void Wait(std::optional<std::chrono::steady_clock::time_point> until) {
    std::unique_lock<std::mutex> lock(mutex_);
    const auto is_rung = [this] { return rung_; };
    until ? static_cast<void>(changed_.wait_until(lock, *until, is_rung))
          : changed_.wait(lock, is_rung);
    rung_ = false;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool rung_ = false;
};

}  // namespace credmint
