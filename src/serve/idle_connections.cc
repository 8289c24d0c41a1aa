#include "serve/idle_connections.h"

#include <sys/socket.h>

namespace credmint::serve {

IdleConnections::IdleConnections(std::chrono::milliseconds patience)
    : patience_(patience), thread_([this] { Run(); }) {}

IdleConnections::~IdleConnections() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    stopped_.notify_all();
  }
  thread_.join();
}

void IdleConnections::WaitsForRequest(int descriptor) {
  const std::lock_guard lock(mutex_);
  overdue_at_[descriptor] = std::chrono::steady_clock::now() + patience_;
}

void IdleConnections::HasRequest(int descriptor) {
  const std::lock_guard lock(mutex_);
  overdue_at_.erase(descriptor);
}

void IdleConnections::IsClosed(int descriptor) { HasRequest(descriptor); }

void IdleConnections::Run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    stopped_.wait_for(lock, patience_ / 4);
    ShutDownOverdue();
  }
}

/// Whoever serves it sees its end, and closes it.
void IdleConnections::ShutDownOverdue() {
  const Moment now = std::chrono::steady_clock::now();
  for (const auto& [descriptor, moment] : overdue_at_) {
    if (moment <= now) shutdown(descriptor, SHUT_RDWR);
  }
}

}  // namespace credmint::serve
