#include "serve/idle_connections.h"

#include <sys/socket.h>

namespace credmint::serve {

using std::chrono::steady_clock;

IdleConnections::IdleConnections(std::chrono::milliseconds patience)
    : patience_(patience), look_at_(steady_clock::now()) {}

void IdleConnections::WaitsForRequest(int descriptor) {
  overdue_at_[descriptor] = steady_clock::now() + patience_;
}

void IdleConnections::HasRequest(int descriptor) { overdue_at_.erase(descriptor); }

void IdleConnections::IsClosed(int descriptor) { overdue_at_.erase(descriptor); }

void IdleConnections::ShutDownOverdue() {
  const Moment now = steady_clock::now();
  if (now < look_at_) return;
  look_at_ = now + patience_ / 4;
  for (const auto& [descriptor, moment] : overdue_at_) {
    if (moment <= now) shutdown(descriptor, SHUT_RDWR);
  }
}

}  // namespace credmint::serve
