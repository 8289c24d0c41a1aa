// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <signal.h>

#include <atomic>
#include <functional>
#include <memory>

#include "base/guarded.h"

namespace credmint::daemon {

/// Closes the objects that must not stay open (base/closed_at_exit.h) when SIGINT, SIGTERM or
/// SIGHUP arrives. The signal then ends the process as usual. Closing waits for the device's
/// running command; a second signal ends the process at once. A signal that was ignored (nohup) or
/// blocked at start stays so. If the system cannot start another thread, nothing is changed.
///
/// PKCS#11 modules are not finalised. No other thread may be inside a module while it is finalised,
/// and modules have nothing that outlives the process.
///
/// Construct it once in a process, before there are other threads. All threads except its own then
/// have these signals blocked. Child processes do not.
class EndSignals {
 public:
  /// Receives the signal, on another thread. Returns false to end the process as usual.
  using Handler = std::function<bool(const siginfo_t&)>;

  EndSignals();

  /// The one object of this process; the first call constructs it.
  static const EndSignals& OfThisProcess();
  /// WaitIfEnding() of that object, if it has been constructed.
  static void WaitIfThisProcessIsEnding();

  /// Returns the signal mask that the calling thread would have without this class.
  static sigset_t EarlierMask();

  /// Sets a handler that is asked first, for a command that runs until it is told to end. Null
  /// removes the handler, and waits for a running call of it.
  void SetHandler(Handler handler) const;

  /// Does not return if such a signal has arrived. Call it at the end, before an error is reported:
  /// the closing may have caused that error.
  void WaitIfEnding() const;

 private:
  struct Shared {
    std::atomic<bool> ending = false;
    Guarded<Handler> handler;
  };

  static int WaitForOne(int descriptor, Shared& shared);
  static void Watch(int descriptor, Shared& shared);

  // Shared with the thread, which outlives this object.
  std::shared_ptr<Shared> shared_;
};

}  // namespace credmint::daemon
