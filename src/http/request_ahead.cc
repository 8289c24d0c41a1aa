// SPDX-License-Identifier: Apache-2.0
#include "http/request_ahead.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/guarded.h"
#include "http/spare_thread.h"

namespace credmint {
namespace {

constexpr std::chrono::seconds kLongestSilence{5};

Guarded<std::vector<RequestAhead*>>& Running() {
  static Guarded<std::vector<RequestAhead*>> running;
  return running;
}

}  // namespace

void RequestAhead::Start(Transfer transfer) {
  {
    const MutexLock lock(mutex_);
    state_ = State::kConnecting;
  }
  thread_ = RunOnSpareThread([this, transfer = std::move(transfer)] {
    response_ = transfer(*this);
    const MutexLock lock(mutex_);
    state_ = State::kEnded;
    changed_.notify_all();
  });
  if (thread_.joinable()) {
    Running().Lock()->push_back(this);
  } else {
    const MutexLock lock(mutex_);
    state_ = State::kEnded;
  }
}

bool RequestAhead::IsFor(const HttpRequest& whole) {
  const MutexLock lock(mutex_);
  const bool is_stale = state_ == State::kConnected &&
                        std::chrono::steady_clock::now() - connected_ > kLongestSilence;
  return thread_.joinable() && state_ != State::kAbandoned && !is_stale &&
         whole.method == request_.method && whole.body == request_.body &&
         FormatUrl(whole.url) == FormatUrl(request_.url);
}

void RequestAhead::AwaitConnection() {
  const MutexLock lock(mutex_);
  while (state_ == State::kConnecting) changed_.wait(mutex_);
}

Result<HttpResponse> RequestAhead::Finish(Headers all, TimePoint deadline) {
  {
    const MutexLock lock(mutex_);
    headers_ = std::move(all);
    deadline_ = deadline;
    if (state_ != State::kEnded) state_ = State::kSending;
    changed_.notify_all();
    if (wake_) wake_();
  }
  Join();
  return *std::move(response_);
}

void RequestAhead::Abandon() {
  {
    const MutexLock lock(mutex_);
    if (!thread_.joinable()) return;
    if (state_ != State::kEnded) state_ = State::kAbandoned;
    changed_.notify_all();
    if (wake_) wake_();
  }
  Join();
  const MutexLock lock(mutex_);
  state_ = State::kAbandoned;
}

void RequestAhead::AbandonAll() {
  const std::vector<RequestAhead*> running = *Running().Lock();
  for (RequestAhead* const one : running) one->Abandon();
}

const Headers* RequestAhead::AwaitHeaders() {
  const MutexLock lock(mutex_);
  if (state_ == State::kConnecting) {
    state_ = State::kConnected;
    connected_ = std::chrono::steady_clock::now();
  }
  changed_.notify_all();
  while (state_ == State::kConnected) changed_.wait(mutex_);
  return state_ == State::kSending ? &headers_ : nullptr;
}

RequestAhead::TimePoint RequestAhead::deadline() {
  const MutexLock lock(mutex_);
  return deadline_;
}

bool RequestAhead::is_abandoned() {
  const MutexLock lock(mutex_);
  return state_ == State::kAbandoned;
}

void RequestAhead::SetWaker(std::function<void()> wake) {
  const MutexLock lock(mutex_);
  wake_ = std::move(wake);
}

void RequestAhead::Join() {
  thread_.join();
  auto running = Running().Lock();
  running->erase(std::remove(running->begin(), running->end(), this), running->end());
}

}  // namespace credmint
