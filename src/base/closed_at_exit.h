// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/mutex.h"

namespace credmint {

/// An object that must be closed before the process ends, even if its owner never destroys it. A
/// TPM without a resource manager keeps the objects of a dead process, and a terminal keeps its
/// modes.
///
/// The first Enter() registers CloseAll() with atexit(). CloseAll() therefore runs before the exit
/// handlers of libraries loaded earlier, such as OpenSSL's. A forked child must not close anything
/// on the parent's behalf: an implementation that may survive a fork compares process IDs.
class ClosedAtExit {
 public:
  ClosedAtExit() = default;
  ClosedAtExit(const ClosedAtExit&) = delete;
  ClosedAtExit& operator=(const ClosedAtExit&) = delete;

  /// Closes every entered object, the latest first. For a process about to end other than by
  /// exit(). Safe to call from any thread, but not from a signal handler.
  static void CloseAll();

  /// Must be idempotent. Runs on the thread that ends the process, possibly while others run.
  virtual void Close() noexcept = 0;

 protected:
  virtual ~ClosedAtExit() = default;

  /// Allows calls of Close(). Call it at the end of the final class's constructor.
  void Enter();
  /// Ends that permission and waits for a running Close(). Call it first in that class's
  /// destructor.
  void Leave();

 private:
  static ClosedAtExit* TakeFirst();
  void Unlink() CREDMINT_REQUIRES(list_mutex_);

  static Mutex list_mutex_;  // held only while the list changes
  static ClosedAtExit* first_ CREDMINT_GUARDED_BY(list_mutex_);

  ClosedAtExit* next_ CREDMINT_GUARDED_BY(list_mutex_) = nullptr;
  /// The pointer that points to this object while it is on the list.
  ClosedAtExit** link_ CREDMINT_GUARDED_BY(list_mutex_) = nullptr;
};

}  // namespace credmint
