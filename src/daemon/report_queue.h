// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <future>
#include <memory>

#include "base/guarded.h"

namespace credmint::daemon {

/// Runs reports one after the other on a thread of its own. A report may take long: a look for a
/// user's name may wait for a server. At most kMost wait; further ones are dropped.
///
/// The destructor waits a moment for the reports and then leaves the thread behind: one that hangs
/// must not keep the process from ending. A report therefore owns all that it uses.
///
/// Safe to call from any thread.
class ReportQueue {
 public:
  using Report = std::function<void()>;
  static constexpr std::size_t kMost = 64;

  ReportQueue() = default;
  ~ReportQueue() { WaitAMoment(); }
  ReportQueue(const ReportQueue&) = delete;
  ReportQueue& operator=(const ReportQueue&) = delete;

  /// Returns whether the report will be made. Never waits and never throws: without memory or a
  /// thread for it, the report is dropped.
  bool Add(Report report) noexcept;

  /// Waits for the reports, but not for long.
  void WaitAMoment();

 private:
  struct State {
    std::deque<Report> waiting;
    bool has_thread = false;
    std::shared_future<void> ended;  // ready when the last thread has ended
  };

  static void Run(Guarded<State>& state);

  const std::shared_ptr<Guarded<State>> state_ = std::make_shared<Guarded<State>>();
};

}  // namespace credmint::daemon
