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

  /// There may be answers now.
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

  /// Can be read when the server's thread shall look again; -1 where the system gave none.
  [[nodiscard]] int descriptor() const { return descriptor_; }
  void Alert() const;
  void Quiet() const;

  [[nodiscard]] std::uint64_t wakes();
  [[nodiscard]] std::size_t size();

  /// Lays one aside whose handler was asked after that many wakes. False: there was one since.
  bool Add(Waiting request, std::uint64_t wakes);

  /// Takes back those whose clients have gone, each after `tell` was called with its descriptor.
  void ResumeGone(const std::function<void(int)>& tell);

  /// The server ends: it takes back those that wait, and no more are laid aside.
  void Close();

  const int descriptor_;
  Guarded<State> state_;
};

}  // namespace credmint::serve
