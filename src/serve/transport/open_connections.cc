// SPDX-License-Identifier: Apache-2.0
#include "serve/transport/open_connections.h"

#include <sys/socket.h>

#include <algorithm>
#include <map>
#include <tuple>

namespace credmint::serve {

using std::chrono::steady_clock;

OpenConnections::OpenConnections(std::chrono::milliseconds patience, std::size_t most,
                                 std::chrono::milliseconds longest_life)
    : patience_(patience),
      most_(most),
      longest_life_(longest_life),
      look_at_(steady_clock::now()) {}

OpenConnections::Connection& OpenConnections::At(int descriptor) {
  const auto number = static_cast<std::size_t>(std::max(descriptor, 0));
  if (connections_.size() <= number) connections_.resize(number + 1);
  return connections_[number];
}

void OpenConnections::IsOpened(int descriptor, std::optional<uid_t> user) {
  const Moment now = steady_clock::now();
  At(descriptor) = {true, false, true, Proof::kNone, user, now, now};
  if (++count_ > most_) MakeRoom(descriptor);
}

void OpenConnections::IsClosed(int descriptor) {
  Connection& connection = At(descriptor);
  if (connection.is_open && !connection.is_ended) --count_;
  connection.is_open = false;
}

bool OpenConnections::HasRequest(int descriptor) {
  Connection& connection = At(descriptor);
  connection.is_idle = false;
  return !connection.is_ended;
}

void OpenConnections::HasProved(int descriptor, Proof proof) {
  Proof& known = At(descriptor).proof;
  if (known < proof) known = proof;
}

void OpenConnections::WaitsForRequest(int descriptor) {
  Connection& connection = At(descriptor);
  connection.is_idle = true;
  connection.idle_since = steady_clock::now();
}

bool OpenConnections::IsOld(int descriptor) {
  const Connection& connection = At(descriptor);
  return connection.idle_since - connection.opened >= longest_life_;
}

void OpenConnections::End(int descriptor) {
  Connection& connection = At(descriptor);
  if (!connection.is_open || connection.is_ended) return;
  connection.is_ended = true;
  --count_;
  shutdown(descriptor, SHUT_RDWR);
}

void OpenConnections::EndOverdue(Moment now) {
  if (now < look_at_) return;
  look_at_ = now + patience_ / 4;
  int descriptor = 0;
  for (const Connection& connection : connections_) {
    if (connection.is_idle && connection.idle_since + patience_ <= now) End(descriptor);
    ++descriptor;
  }
}

/// Returns the user with the most open connections, and their number.
std::pair<std::optional<uid_t>, std::size_t> OpenConnections::Greediest() const {
  std::map<std::optional<uid_t>, std::size_t> counts;
  for (const Connection& each : connections_) {
    if (each.is_open && !each.is_ended) ++counts[each.user];
  }
  return *std::max_element(counts.begin(), counts.end(), [](const auto& one, const auto& other) {
    return one.second < other.second;
  });
}

void OpenConnections::MakeRoom(int newcomer) {
  const auto [user, most_of_user] = Greediest();
  // Many users with few connections each are as one: else a user with two would give way to them.
  const bool by_user = most_of_user > most_ / kStrangersPart;
  const std::size_t count = by_user ? most_of_user : most_;
  const auto goes_first = [](const Connection& one, const Connection& other) {
    return std::tie(one.proof, one.idle_since) < std::tie(other.proof, other.idle_since);
  };
  std::size_t strangers = 0;
  int oldest_stranger = -1;
  int least_known = -1;
  for (int descriptor = 0; descriptor < static_cast<int>(connections_.size()); ++descriptor) {
    const Connection& each = At(descriptor);
    if (!each.is_open || each.is_ended || (by_user && each.user != user)) continue;
    if (each.proof == Proof::kNone) {
      ++strangers;
      if (descriptor != newcomer &&
          (oldest_stranger < 0 || each.opened < At(oldest_stranger).opened)) {
        oldest_stranger = descriptor;
      }
    } else if (each.is_idle && (least_known < 0 || goes_first(each, At(least_known)))) {
      least_known = descriptor;
    }
  }
  const bool are_many = strangers > count / kStrangersPart;
  int leaves = are_many || least_known < 0 ? oldest_stranger : least_known;
  if (leaves < 0) leaves = least_known;
  End(leaves < 0 ? newcomer : leaves);
}

}  // namespace credmint::serve
