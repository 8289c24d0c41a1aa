// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <vector>

#include "serve/response.h"

namespace credmint::serve {

/// The connections of a server, and which of them have to end:
///
/// * one on which no whole request comes in time, however busily its bytes drip (slow loris); the
///   HTTP library only knows a time without any byte;
/// * one for each that is opened beyond `most`: the oldest stranger's, on which no token has been
///   shown. Strangers keep an eighth of the room, so that whoever comes can show his; where there
///   are no more of them, of those who have proved least the one that has been idle for longest;
/// * one that is older than `longest_life`, after its next answer.
///
/// To end one is to shut it down: whoever serves it sees the end, and closes it.
///
/// Used by the server's thread alone.
class OpenConnections {
 public:
  static constexpr std::size_t kStrangersPart = 8;  ///< one of so many parts of the room

  OpenConnections(std::chrono::milliseconds patience, std::size_t most,
                  std::chrono::milliseconds longest_life);

  void IsOpened(int descriptor);
  void IsClosed(int descriptor);  ///< to be called before the number can be used again

  /// Its request is here. False: it has been ended, there is no need to answer.
  bool HasRequest(int descriptor);

  /// What the request has proved; counts from then on.
  void HasProved(int descriptor, Proof proof);

  void WaitsForRequest(int descriptor);  ///< its request was answered

  /// Whether it has lived for long enough.
  [[nodiscard]] bool IsOld(int descriptor);

  void End(int descriptor);

  /// Ends those whose time for a request is over. To be called often: looks four times in that time
  /// at the most.
  void EndOverdue();

 private:
  using Moment = std::chrono::steady_clock::time_point;
  struct Connection {
    bool is_open = false;
    bool is_ended = false;
    bool is_idle = false;
    Proof proof = Proof::kNone;
    Moment opened;
    Moment idle_since;
  };

  Connection& At(int descriptor);
  void MakeRoom(int newcomer);

  const std::chrono::milliseconds patience_;
  const std::size_t most_;
  const std::chrono::milliseconds longest_life_;
  std::vector<Connection> connections_;  // by descriptor
  std::size_t count_ = 0;                // of those that are open and have not been ended
  Moment look_at_;
};

}  // namespace credmint::serve
