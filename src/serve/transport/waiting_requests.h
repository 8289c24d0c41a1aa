// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "base/guarded.h"

struct MHD_Connection;

namespace credmint::serve {

/// Requests without an answer yet (NotYet() in response.h). The server suspends them, and asks its
/// handler again after Wake().
///
/// Belongs to one server and must outlive it. Safe to call from any thread.
class WaitingRequests {
 public:
  WaitingRequests();
  ~WaitingRequests();
  WaitingRequests(const WaitingRequests&) = delete;
  WaitingRequests& operator=(const WaitingRequests&) = delete;

  /// Makes the server ask its handler again for each request, because there may be answers now.
  void Wake();

 private:
  friend class MicrohttpdServer;
  struct Waiting {
    MHD_Connection* connection;
    int descriptor;
    std::optional<uid_t> user;
  };
  struct State {
    bool closed = false;
    std::uint64_t wakes = 0;
    std::vector<Waiting> requests;

    void ResumeAll();
  };

  /// Is written to when the server's thread must look at the requests; -1 if the system gave none.
  [[nodiscard]] int descriptor() const { return descriptor_; }
  void Alert() const;

  [[nodiscard]] std::uint64_t wakes();
  [[nodiscard]] std::size_t size();
  /// The number of waiting requests of a user.
  [[nodiscard]] std::size_t SizeOf(std::optional<uid_t> user);

  /// Suspends a request. `wakes` is the value of wakes() before its handler was asked. Returns
  /// false if Wake() was called since then, because there may be an answer by now.
  bool Add(Waiting request, std::uint64_t wakes);

  /// Resumes requests whose clients have closed the connection. Calls `tell` with the descriptor of
  /// each beforehand.
  void ResumeGone(const std::function<void(int)>& tell);

  /// Resumes all requests and suspends no more, because the server is stopping.
  void Close();

  const int descriptor_;
  Guarded<State> state_;
};

}  // namespace credmint::serve
