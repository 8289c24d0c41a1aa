// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "base/guarded.h"

struct MHD_Connection;

namespace credmint::serve {

/// Requests whose answer was not there yet (NotYet() in response.h): the server lays them aside and
/// asks its handler again when somebody says that this may have changed.
///
/// For one server, which it outlives. Safe to call from any thread.
class WaitingRequests {
 public:
  WaitingRequests();
  ~WaitingRequests();
  WaitingRequests(const WaitingRequests&) = delete;
  WaitingRequests& operator=(const WaitingRequests&) = delete;

  /// Has the server ask its handler again for each of them: there may be answers now.
  void Wake();

 private:
  friend class MicrohttpdServer;
  struct Waiting {
    MHD_Connection* connection;
    int descriptor;
  };
  struct State {
    bool closed = false;
    std::uint64_t wakes = 0;
    std::vector<Waiting> requests;

    void ResumeAll();
  };

  /// Becomes readable when the server's thread is to look at them; -1 where the system gave none.
  [[nodiscard]] int descriptor() const { return descriptor_; }
  void Alert() const;
  void Quiet() const;

  [[nodiscard]] std::uint64_t wakes();
  [[nodiscard]] std::size_t size();

  /// Lays a request aside. `wakes` is what wakes() said before its handler was asked. False if
  /// Wake() was called since: the answer may be there by now.
  bool Add(Waiting request, std::uint64_t wakes);

  /// Resumes those whose clients have closed the connection. `tell` is called before, with the
  /// descriptor of each.
  void ResumeGone(const std::function<void(int)>& tell);

  /// Resumes all, and lays no more aside: the server ends.
  void Close();

  const int descriptor_;
  Guarded<State> state_;
};

}  // namespace credmint::serve
