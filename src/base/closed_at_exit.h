// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/mutex.h"

namespace credmint {

/// Something that must be closed before the process ends, even if its owner never destroys it:
/// a TPM without a resource manager keeps what a dead process had loaded, a terminal its modes.
///
/// The first Enter() registers CloseAll() with atexit(), which therefore runs before the exit
/// handlers of libraries that were loaded earlier, OpenSSL's among them. In a forked child nothing
/// may be closed for the parent: implementations that may live through a fork compare process ids.
class ClosedAtExit {
 public:
  ClosedAtExit() = default;
  ClosedAtExit(const ClosedAtExit&) = delete;
  ClosedAtExit& operator=(const ClosedAtExit&) = delete;

  /// Closes everything that is entered now, the latest first. For a process that is about to end
  /// in another way than by exit(); safe to call from any thread, but not from a signal handler.
  static void CloseAll();

  /// Idempotent; called from the thread that ends the process while others may still run.
  virtual void Close() noexcept = 0;

 protected:
  virtual ~ClosedAtExit() = default;

  /// From here on Close() may be called: at the end of the constructor of the final class.
  void Enter();
  /// From here on it may not: at the beginning of its destructor. Waits for a call that runs.
  void Leave();

 private:
  static ClosedAtExit* TakeFirst();
  void Unlink() CREDMINT_REQUIRES(list_mutex_);

  static Mutex list_mutex_;  // held for no longer than the list changes
  static ClosedAtExit* first_ CREDMINT_GUARDED_BY(list_mutex_);

  ClosedAtExit* next_ CREDMINT_GUARDED_BY(list_mutex_) = nullptr;
  /// What points to this, while it is on the list.
  ClosedAtExit** link_ CREDMINT_GUARDED_BY(list_mutex_) = nullptr;
};

}  // namespace credmint
