#include "serve/waiting_requests.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include "serve/microhttpd_library.h"

namespace credmint::serve {

WaitingRequests::WaitingRequests() : descriptor_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

WaitingRequests::~WaitingRequests() {
  if (descriptor_ >= 0) close(descriptor_);
}

void WaitingRequests::Alert() const { eventfd_write(descriptor_, 1); }

void WaitingRequests::Quiet() const {
  eventfd_t count = 0;
  eventfd_read(descriptor_, &count);
}

void WaitingRequests::State::ResumeAll() {
  for (MHD_Connection* connection : connections) Microhttpd().resume_connection(connection);
  connections.clear();
}

void WaitingRequests::Wake() {
  const auto state = state_.Lock();
  ++state->wakes;
  if (state->connections.empty()) return;
  state->ResumeAll();
  Alert();
}

std::uint64_t WaitingRequests::wakes() { return state_.Lock()->wakes; }

std::size_t WaitingRequests::size() { return state_.Lock()->connections.size(); }

bool WaitingRequests::Add(MHD_Connection* connection, std::uint64_t wakes) {
  const auto state = state_.Lock();
  if (state->closed) return true;
  if (state->wakes != wakes) return false;
  state->connections.push_back(connection);
  Microhttpd().suspend_connection(connection);
  return true;
}

void WaitingRequests::Close() {
  const auto state = state_.Lock();
  state->closed = true;
  state->ResumeAll();
  Alert();
}

}  // namespace credmint::serve
