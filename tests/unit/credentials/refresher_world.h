// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "credentials/refresher.h"

namespace credmint {

// 2026-01-01T12:00:00Z
inline constexpr TimePoint kBegin{std::chrono::seconds(1767268800)};

/// A clock that the test controls, the source of a refresher, and the state of its thread. Lock
/// order: the refresher's mutex, then this object's.
class RefresherWorld : public CredentialSource {
 public:
  using Step = std::function<Result<Credentials>()>;

  RefresherEnvironment Environment() {
    RefresherEnvironment environment;
    environment.clock = [this] { return Date(); };
    environment.stopwatch = [this] { return std::chrono::steady_clock::time_point(Elapsed()); };
    environment.random = [] { return 0.0; };
    environment.wait = [this](std::condition_variable_any& condition, Mutex& mutex,
                              std::chrono::milliseconds time) {
      BeginWait(condition, mutex, time);
      condition.wait(mutex);
      const std::lock_guard guard(mutex_);
      idle_ = false;
    };
    return environment;
  }

  /// Takes the next step, on the refresher's thread. The last step is repeated.
  Result<Credentials> Get() override {
    Step step;
    {
      const std::lock_guard guard(mutex_);
      calls_.push_back(elapsed_);
      step = steps_.front();
      if (steps_.size() > 1) steps_.pop_front();
      changed_.notify_all();
    }
    return step();
  }

  void Then(Step step) { steps_.push_back(std::move(step)); }
  void ThenCredentials(const std::string& id,
                       std::chrono::milliseconds lifetime = std::chrono::hours(1)) {
    Then([=, this]() -> Result<Credentials> {
      return Credentials{id, Secret("secret"), Secret("token"), Date() + lifetime, ""};
    });
  }
  void ThenFailure(ErrorCode code,
                   std::chrono::milliseconds retry_after = std::chrono::milliseconds(0)) {
    Then([=]() -> Result<Credentials> {
      return tl::unexpected(Error{code, "no answer", "a hint", retry_after});
    });
  }

  TimePoint Date() {
    const std::lock_guard guard(mutex_);
    return kBegin + elapsed_ + date_offset_;
  }
  std::chrono::milliseconds Elapsed() {
    const std::lock_guard guard(mutex_);
    return elapsed_;
  }

  /// Waits until the refresher's thread is idle; returns its mutex and condition variable.
  std::pair<Mutex*, std::condition_variable_any*> AwaitIdle() {
    std::unique_lock guard(mutex_);
    changed_.wait(guard, [this] { return idle_; });
    return {refreshers_mutex_, refreshers_condition_};
  }
  void AwaitCalls(std::size_t count) {
    std::unique_lock guard(mutex_);
    changed_.wait(guard, [&] { return calls_.size() >= count; });
  }

  /// Advances the time, and does not wait for the refresher's reaction.
  void Move(std::chrono::milliseconds time) {
    const auto [mutex, condition] = AwaitIdle();
    const std::lock_guard refresher(*mutex);
    {
      const std::lock_guard guard(mutex_);
      elapsed_ += time;
      idle_ = false;
    }
    condition->notify_all();
  }
  void Advance(std::chrono::milliseconds time) {
    Move(time);
    AwaitIdle();
  }
  void AdvanceInSeconds(std::chrono::seconds time) {
    for (std::chrono::seconds n(0); n < time; ++n) Advance(std::chrono::seconds(1));
  }
  /// Advances the time during a call.
  void Pass(std::chrono::milliseconds time) {
    const std::lock_guard guard(mutex_);
    elapsed_ += time;
  }
  /// Moves the date but not the stopwatch, as a clock correction or a suspended machine does.
  void MoveDate(std::chrono::milliseconds time) {
    const std::lock_guard guard(mutex_);
    date_offset_ += time;
  }

  /// The times of the calls to the source, since the start.
  std::vector<std::chrono::milliseconds> Calls() {
    const std::lock_guard guard(mutex_);
    return calls_;
  }
  std::chrono::milliseconds LongestWait() {
    const std::lock_guard guard(mutex_);
    return longest_wait_;
  }

 private:
  void BeginWait(std::condition_variable_any& condition, Mutex& mutex,
                 std::chrono::milliseconds time) {
    const std::lock_guard guard(mutex_);
    longest_wait_ = std::max(longest_wait_, time);
    refreshers_mutex_ = &mutex;
    refreshers_condition_ = &condition;
    idle_ = true;
    changed_.notify_all();
  }

  std::deque<Step> steps_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::chrono::milliseconds elapsed_{0};
  std::chrono::milliseconds date_offset_{0};
  std::chrono::milliseconds longest_wait_{0};
  std::vector<std::chrono::milliseconds> calls_;
  bool idle_ = false;
  Mutex* refreshers_mutex_ = nullptr;
  std::condition_variable_any* refreshers_condition_ = nullptr;
};

}  // namespace credmint
