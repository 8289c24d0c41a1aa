// SPDX-License-Identifier: Apache-2.0
#include "serve/transport/waiting_requests.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>

#include "serve/transport/connection_pause.h"

namespace credmint::serve {

WaitingRequests::WaitingRequests() : descriptor_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

WaitingRequests::~WaitingRequests() {
  if (descriptor_ >= 0) close(descriptor_);
}

void WaitingRequests::Alert() const { eventfd_write(descriptor_, 1); }

void WaitingRequests::State::ResumeAll() {
  for (const Waiting& each : requests) ResumeConnection(each.connection);
  requests.clear();
}

void WaitingRequests::Wake() {
  const auto state = state_.Lock();
  ++state->wakes;
  if (state->requests.empty()) return;
  state->ResumeAll();
  Alert();
}

std::uint64_t WaitingRequests::wakes() { return state_.Lock()->wakes; }

std::size_t WaitingRequests::size() { return state_.Lock()->requests.size(); }

std::size_t WaitingRequests::SizeOf(std::optional<uid_t> user) {
  const auto state = state_.Lock();
  return static_cast<std::size_t>(
      std::count_if(state->requests.begin(), state->requests.end(),
                    [&](const Waiting& each) { return each.user == user; }));
}

bool WaitingRequests::Add(Waiting request, std::uint64_t wakes) {
  const auto state = state_.Lock();
  if (state->closed) return true;
  if (state->wakes != wakes) return false;
  state->requests.push_back(request);
  PauseConnection(request.connection);
  return true;
}

void WaitingRequests::ResumeGone(const std::function<void(int)>& tell) {
  const auto state = state_.Lock();
  auto& requests = state->requests;
  std::vector<pollfd> looks;
  looks.reserve(requests.size());
  for (const Waiting& each : requests) looks.push_back({each.descriptor, POLLRDHUP, 0});
  if (looks.empty() || poll(looks.data(), looks.size(), 0) <= 0) return;
  std::vector<Waiting> left;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    if (looks[i].revents == 0) {
      left.push_back(requests[i]);
      continue;
    }
    tell(requests[i].descriptor);
    ResumeConnection(requests[i].connection);
  }
  requests.swap(left);
}

void WaitingRequests::Close() {
  const auto state = state_.Lock();
  state->closed = true;
  state->ResumeAll();
  Alert();
}

}  // namespace credmint::serve
