// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "serve/response.h"

namespace credmint::serve {

/// The open connections of a server. Decides which of them to end:
///
/// - One that has not sent a whole request in time, however busily its bytes drip (slow loris). The
///   HTTP library only limits the time without any byte.
/// - One for each connection opened beyond `most`: one of the user who has the most of them, if
/// that
///   is more than an eighth of `most`, else one of any. If strangers, which have shown no token,
///   hold more than an eighth of these connections, the oldest of them ends. Otherwise an idle
///   connection with a token ends: the one with the weakest proof, and then the longest idle. This
///   way new clients can always show a token, and no user takes another's share.
/// - One older than `longest_life`, after its next answer.
///
/// Ending a connection shuts it down. The code that serves it sees the end and closes it.
///
/// For use by the server's thread only.
class OpenConnections {
 public:
  using Moment = std::chrono::steady_clock::time_point;
  static constexpr std::size_t kStrangersPart = 8;  ///< strangers keep 1/8 of a user's connections

  OpenConnections(std::chrono::milliseconds patience, std::size_t most,
                  std::chrono::milliseconds longest_life);

  /// `user` is the client's. Unknown users count as one.
  void IsOpened(int descriptor, std::optional<uid_t> user);
  void IsClosed(int descriptor);  ///< call it before the number can be used again

  /// A request has arrived. Returns false if the connection was ended and needs no answer.
  bool HasRequest(int descriptor);

  /// Records the token that the request has shown; the strongest proof is kept.
  void HasProved(int descriptor, Proof proof);

  void WaitsForRequest(int descriptor);  ///< its request was answered

  /// Whether the connection is older than `longest_life`.
  [[nodiscard]] bool IsOld(int descriptor);

  void End(int descriptor);

  /// Ends connections whose time for a request is over. Call it often: it looks at the connections
  /// at most four times in that time.
  void EndOverdue(Moment now);

 private:
  struct Connection {
    bool is_open = false;
    bool is_ended = false;
    bool is_idle = false;
    Proof proof = Proof::kNone;
    std::optional<uid_t> user;
    Moment opened;
    Moment idle_since;
  };

  Connection& At(int descriptor);
  [[nodiscard]] std::pair<std::optional<uid_t>, std::size_t> Greediest() const;
  void MakeRoom(int newcomer);

  const std::chrono::milliseconds patience_;
  const std::size_t most_;
  const std::chrono::milliseconds longest_life_;
  std::vector<Connection> connections_;  // by descriptor
  std::size_t count_ = 0;                // open connections that have not been ended
  Moment look_at_;
};

}  // namespace credmint::serve
