// SPDX-License-Identifier: Apache-2.0
#include "daemon/report_queue.h"

#include <chrono>
#include <thread>
#include <utility>

namespace credmint::daemon {
namespace {

constexpr std::chrono::milliseconds kPatience{200};

/// A report that cannot be made is dropped.
void Make(const ReportQueue::Report& report) noexcept try { report(); } catch (...) {
}

}  // namespace

void ReportQueue::WaitAMoment() {
  const std::shared_future<void> ended = state_->Lock()->ended;
  if (ended.valid()) ended.wait_for(kPatience);
}

bool ReportQueue::Add(Report report) noexcept try {
  const auto state = state_->Lock();
  if (state->waiting.size() >= kMost) return false;
  state->waiting.push_back(std::move(report));
  if (state->has_thread) return true;
  std::promise<void> ended;
  state->ended = ended.get_future();
  std::thread([state = state_, ended = std::move(ended)]() mutable {
    Run(*state);
    ended.set_value();
  }).detach();
  state->has_thread = true;
  return true;
} catch (...) {
  return false;
}

/// Ends when no report waits. The next one starts another thread.
void ReportQueue::Run(Guarded<State>& state) {
  while (true) {
    Report report;
    {
      const auto locked = state.Lock();
      if (locked->waiting.empty()) {
        locked->has_thread = false;
        return;
      }
      report = std::move(locked->waiting.front());
      locked->waiting.pop_front();
    }
    Make(report);
  }
}

}  // namespace credmint::daemon
