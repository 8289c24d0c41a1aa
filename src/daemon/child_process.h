// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "daemon/end_signals.h"

namespace credmint::daemon {

/// A command to run, and what it inherits.
struct ChildCommand {
  std::vector<std::string> words;        ///< the program, looked up in $PATH, and its arguments
  std::vector<std::string> environment;  ///< NAME=VALUE
  std::vector<int> descriptors;          ///< OpenDescriptors(), called at the start
};

/// The result of a command.
struct ChildEnd {
  int status = 0;  ///< for this process's exit: the command's own, 128 and a signal, 126 or 127
  int signal = 0;  ///< that ended it; 0: none
  std::optional<Error> failure;  ///< why it could not be started
};

/// Returns the descriptors that a child would inherit now, beyond stdin, stdout and stderr. Called
/// before anything else is opened, it returns those that this process has inherited itself.
std::vector<int> OpenDescriptors();

/// Runs a command as if it had been started alone, and returns when it has ended. Its descendants
/// may go on. One command at a time.
///
/// The child shares this process's terminal and process group. It blocks and ignores only signals
/// that were blocked or ignored when this process started. It inherits no other descriptors and,
/// unless the system forbids it, the core limit of EarlierCoreLimit(). Nothing of ours runs in it.
///
/// - Signals for this process alone are passed on: SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1,
///   SIGUSR2, SIGALRM, SIGWINCH, SIGTSTP. Those of the terminal have reached the child already.
/// - When the child stops, so does this process. The shell then sees the job stop. When this
///   process continues, so does the child.
/// - A child in a process group of its own is given the terminal again after such a stop, or if it
///   stops for want of it.
///
/// - Process 1 of a container reaps the processes that the command leaves behind.
///
/// `signals` must live until the end of this process.
ChildEnd RunChild(const ChildCommand& command, const EndSignals& signals);

/// Replaces this process by a command, which gets the same as a child. Returns only on failure.
ChildEnd BecomeChild(const ChildCommand& command);

/// Ends this process at once, as the command has ended: with its status, or by the signal. Shells
/// end a loop, and service managers count a stop as clean, only after the signal itself.
[[noreturn]] void EndAs(const ChildEnd& end);

}  // namespace credmint::daemon
