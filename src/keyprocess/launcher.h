// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <memory>

#include "base/descriptor.h"
#include "base/error.h"

namespace credmint::keyprocess {

/// A key process that has been started.
struct Launched {
  pid_t process = 0;
  Descriptor socket;  ///< to speak with it
  Descriptor output;  ///< what it prints; does not block
};

/// A descriptor that can be read when a process has ended (pidfd_open(2)). None in a kernel before
/// 5.3.
Descriptor OpenProcess(pid_t process);

/// Starts key processes. The child of a process with several threads may run only a few functions,
/// because a lock may be held for ever there. So this process forks itself only as long as it has
/// one thread. Before it gets a second one, it forks a *helper*, which has one thread for ever and
/// forks the rest.
class Launcher {
 public:
  /// Runs in a key process, with its end of the socket. Then the process ends.
  using Body = std::function<void(Descriptor socket)>;

  virtual ~Launcher() = default;

  /// Starts a process already, which the next Launch() returns. A failure shows there.
  virtual void LaunchAhead() = 0;

  /// Fails with kInternal if the system gives no process.
  virtual Result<Launched> Launch() = 0;

  /// Waits up to `patience` for the end of a process, and then kills it if `kill`. Returns its
  /// status as waitpid() does; negative if that is not known.
  virtual int End(pid_t process, std::chrono::milliseconds patience, bool kill) = 0;

  /// A launcher that forks this process until PrepareForThreads(), and uses a helper from then on.
  /// There is one at a time. `before_fork` waits for the threads that end by themselves; it runs
  /// before this process forks.
  static std::unique_ptr<Launcher> Create(Body body, std::function<void()> before_fork = {});

  /// Forks the helper. Call it before this process gets its second thread. From then on key
  /// processes have the directory /, because they run as long as this process. Others keep its
  /// directory, to which names on the command line may be relative.
  virtual Result<void> PrepareForThreads() = 0;
};

}  // namespace credmint::keyprocess
