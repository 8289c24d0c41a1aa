#pragma once

#include <atomic>
#include <memory>

namespace credmint::cli {

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
  EndSignals();

  /// Does not return if such a signal has come. To be called at the end, before an error is
  /// reported: it may be no more than that everything was closed.
  void WaitIfEnding() const;

 private:
  // Shared with a thread that outlives this.
  std::shared_ptr<std::atomic<bool>> ending_;
};

}  // namespace credmint::cli
