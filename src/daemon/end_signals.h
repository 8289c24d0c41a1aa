// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include "base/guarded.h"

namespace credmint::daemon {

/// Makes SIGINT, SIGTERM and SIGHUP close what must not stay behind (base/closed_at_exit.h) before
/// they end the process, as they still do. What is being closed waits for the device's command that
/// runs; a second signal ends the process at once. A signal that was ignored (nohup) or blocked
/// when the program started stays so. Where the system allows no thread more, nothing is changed.
///
/// PKCS#11 modules are not finalised: no other thread may be inside of one then, and none has
/// anything that outlives the process.
///
/// Constructed before there is any other thread, once in a process: from then on every thread but
/// its own has these signals blocked. Child processes have not.
class EndSignals {
 public:
  /// Is told the number of a signal, by another thread; false: it shall end the process as usual.
  using Handler = std::function<bool(int)>;

  EndSignals();

  /// A command that runs until it is told to end is asked first, until it takes the handler (null)
  /// back, which waits for one that runs.
  void SetHandler(Handler handler) const;

  /// Does not return if such a signal has come. To be called at the end, before an error is
  /// reported: it may be no more than that everything was closed.
  void WaitIfEnding() const;

 private:
  struct Shared {
    std::atomic<bool> ending = false;
    Guarded<Handler> handler;
  };

  static int WaitForOne(int descriptor, Shared& shared);
  static void Watch(int descriptor, Shared& shared);

  // With a thread that outlives this.
  std::shared_ptr<Shared> shared_;
};

}  // namespace credmint::daemon
