// SPDX-License-Identifier: Apache-2.0
#include "daemon/child_process.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <filesystem>
#include <sstream>
#include <system_error>
#include <utility>

#include "base/core_limit.h"
#include "base/descriptor.h"
#include "base/shown_value.h"

namespace credmint::daemon {
namespace {

constexpr int kNotRunnable = 126;
constexpr int kNotFound = 127;
constexpr int kEndedBySignal = 128;
constexpr int kFirstOwnDescriptor = 3;

/// The signals to pass on that EndSignals does not watch.
constexpr std::array kPassedOn = {SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM, SIGWINCH, SIGTSTP};
/// A stop of this process must follow that of the child, so these do nothing here.
constexpr std::array kStopping = {SIGTTIN, SIGTTOU};

bool IsIgnored(int number) {
  struct sigaction action {};
  sigaction(number, nullptr, &action);
  return (action.sa_flags & SA_SIGINFO) == 0 && action.sa_handler == SIG_IGN;
}

/// Initialised before main(), which ignores the signal itself.
const bool broken_pipe_was_ignored = IsIgnored(SIGPIPE);

static_assert(std::atomic<pid_t>::is_always_lock_free);
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);
std::atomic<pid_t> the_child = 0;                // 0: not started
std::atomic<std::uint64_t> signals_to_pass = 0;  // bit N: signal N
std::atomic<bool> stopped_again = false;         // the terminal has stopped the child

/// Returns whether the kernel sent the signal and the child has got it, too. After a hangup it
/// sends SIGHUP to the leader of the session alone.
bool HasReachedChild(const siginfo_t& signal, pid_t child) {
  if (signal.si_code != SI_KERNEL) return false;
  if (signal.si_signo == SIGHUP && getsid(0) == getpid()) return false;
  return child == 0 || getpgid(child) == getpgrp();
}

/// Sends what waits. Called after each change of one of the two variables, so nothing is lost.
void SendWaiting() {
  const pid_t child = the_child;
  if (child == 0) return;
  const std::uint64_t waiting = signals_to_pass.exchange(0);
  for (int number = 1; number < 64; ++number) {
    if ((waiting >> number & 1U) != 0) kill(child, number);
  }
}

void PassOn(const siginfo_t& signal) {
  if (HasReachedChild(signal, the_child)) {
    if (signal.si_signo == SIGTSTP) stopped_again = true;
    return;
  }
  signals_to_pass |= std::uint64_t{1} << signal.si_signo;
  SendWaiting();
}

void HandlePassedOn(int /*number*/, siginfo_t* signal, void* /*context*/) {
  const int error = errno;
  PassOn(*signal);
  errno = error;
}

void HandleStopping(int /*number*/, siginfo_t* /*signal*/, void* /*context*/) {
  stopped_again = true;
}

using SignalHandler = void (*)(int, siginfo_t*, void*);

/// Handles a signal unless it is ignored; the child then ignores it, too.
void Handle(int number, SignalHandler handler) {
  if (IsIgnored(number)) return;
  struct sigaction action {};
  action.sa_sigaction = handler;
  action.sa_flags = SA_SIGINFO | SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(number, &action, nullptr);
}

/// The process's signals while a child runs.
class PassedOnSignals {
 public:
  explicit PassedOnSignals(const EndSignals& signals) : signals_(signals) {
    signal(SIGCHLD, SIG_DFL);  // an ignored one would lose the status
    for (const int number : kPassedOn) Handle(number, HandlePassedOn);
    for (const int number : kStopping) Handle(number, HandleStopping);
    signals_.SetHandler([](const siginfo_t& signal) {
      PassOn(signal);
      return true;
    });
  }
  ~PassedOnSignals() { signals_.SetHandler(nullptr); }
  PassedOnSignals(const PassedOnSignals&) = delete;
  PassedOnSignals& operator=(const PassedOnSignals&) = delete;

 private:
  const EndSignals& signals_;
};

/// The controlling terminal, if there is one, and a child in a process group of its own. Shells do
/// not know that group: they give the terminal to this process's.
class TerminalOfChild {
 public:
  explicit TerminalOfChild(pid_t child)
      : terminal_(open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)), group_(getpgid(child)) {}

  [[nodiscard]] bool exists() const { return static_cast<bool>(terminal_); }
  [[nodiscard]] bool IsWithChild() const { return group_ != getpgrp() && IsWith(group_); }
  /// Gives the terminal to the child's group if this process's group has it.
  [[nodiscard]] bool Give() const {
    return group_ != getpgrp() && IsWith(getpgrp()) && tcsetpgrp(terminal_.get(), group_) == 0;
  }

 private:
  [[nodiscard]] bool IsWith(pid_t group) const {
    return exists() && tcgetpgrp(terminal_.get()) == group;
  }

  const Descriptor terminal_;
  const pid_t group_;
};

void StopBy(int number) {
  struct sigaction ours {};
  struct sigaction normal {};
  normal.sa_handler = SIG_DFL;
  sigaction(number, &normal, &ours);
  raise(number);
  sigaction(number, &ours, nullptr);
}

/// Continues the child after this process, unless the signal was for both. The terminal may even
/// have stopped it again already.
void Continue(pid_t child) {
  siginfo_t change{};
  waitid(P_PID, child, &change, WCONTINUED | WNOHANG);
  if (change.si_pid != child && !stopped_again) kill(child, SIGCONT);
}

/// Stops this process after its child. Returns when both continue.
void StopWith(pid_t child, int number) {
  const TerminalOfChild terminal(child);
  const bool wants_terminal = number == SIGTTIN || number == SIGTTOU;
  stopped_again = false;
  if (wants_terminal && terminal.Give()) return Continue(child);
  // No shell would continue this process. The kernel itself ignores the other stop signals then.
  if (number == SIGSTOP && (!terminal.exists() || getsid(0) == getpid())) return;
  const bool had_terminal = terminal.IsWithChild();
  StopBy(number);
  if (had_terminal) static_cast<void>(terminal.Give());
  Continue(child);
}

/// Waits until the child has stopped or ended, and leaves it so. Process 1 of a container also
/// reaps the processes that others have left to it. Returns nothing if somebody else has reaped the
/// child.
std::optional<siginfo_t> NextChange(pid_t child) {
  const bool reaps_others = getpid() == 1;
  while (true) {
    siginfo_t change{};
    if (waitid(reaps_others ? P_ALL : P_PID, static_cast<id_t>(child), &change,
               WEXITED | WSTOPPED | WNOWAIT) != 0) {
      if (errno == EINTR) continue;
      return std::nullopt;
    }
    if (change.si_pid == child) return change;
    waitid(P_PID, static_cast<id_t>(change.si_pid), &change, WEXITED | WSTOPPED | WNOHANG);
  }
}

/// Waits for the child, and stops with it. Returns how to end. The child stays a zombie: no other
/// process can get its number while a signal is on the way to it.
ChildEnd WaitFor(pid_t child) {
  while (true) {
    const auto seen = NextChange(child);
    if (!seen) return {.status = kNotRunnable};
    if (seen->si_code == CLD_EXITED) return {.status = seen->si_status};
    if (seen->si_code != CLD_STOPPED) {
      return {.status = kEndedBySignal + seen->si_status, .signal = seen->si_status};
    }
    siginfo_t change{};
    waitid(P_PID, child, &change, WSTOPPED | WNOHANG);
    if (change.si_pid == child)
      StopWith(child, change.si_status);  // it has not continued meanwhile
  }
}

std::vector<char*> Pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

/// Lets no child inherit other descriptors than these. Foreign code opens some without
/// close-on-exec.
void KeepOnly(const std::vector<int>& descriptors) {
  for (const int descriptor : OpenDescriptors()) {
    if (std::find(descriptors.begin(), descriptors.end(), descriptor) == descriptors.end()) {
      fcntl(descriptor, F_SETFD, FD_CLOEXEC);
    }
  }
}

/// Starts the child; returns the number of the error, or 0.
int Spawn(const ChildCommand& command, pid_t& child) {
  KeepOnly(command.descriptors);
  const sigset_t mask = EndSignals::EarlierMask();
  sigset_t ignored_by_us;
  sigemptyset(&ignored_by_us);
  if (!broken_pipe_was_ignored) sigaddset(&ignored_by_us, SIGPIPE);
  posix_spawnattr_t attributes;
  if (const int error = posix_spawnattr_init(&attributes); error != 0) return error;
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  posix_spawnattr_setsigmask(&attributes, &mask);
  posix_spawnattr_setsigdefault(&attributes, &ignored_by_us);
  const int error =
      posix_spawnp(&child, command.words.front().c_str(), nullptr, &attributes,
                   Pointers(command.words).data(), Pointers(command.environment).data());
  posix_spawnattr_destroy(&attributes);
  return error;
}

/// Returns the file that a name stands for: one with a slash for itself, any other for
/// the first program of that name in $PATH.
std::string FindProgram(const std::string& name) {
  const char* path = getenv("PATH");
  if (name.find('/') != std::string::npos || path == nullptr) return name;
  std::istringstream folders(path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    std::string file = folder.empty() ? name : fmt::format("{}/{}", folder, name);
    std::error_code error;
    if (std::filesystem::is_regular_file(file, error) && access(file.c_str(), X_OK) == 0) {
      return file;
    }
  }
  return name;
}

/// The same for a script that names no interpreter, as execvp() has it.
ChildCommand InShell(ChildCommand command) {
  command.words.front() = FindProgram(command.words.front());
  command.words.insert(command.words.begin(), "/bin/sh");
  return command;
}

ChildEnd CannotRun(const ChildCommand& command, int error) {
  return {.status = error == ENOENT ? kNotFound : kNotRunnable,
          .failure = Error{ErrorCode::kLocalIo,
                           fmt::format("running {}: {}", ShownPath(command.words.front()),
                                       std::generic_category().message(error)),
                           ""}};
}

}  // namespace

std::vector<int> OpenDescriptors() {
  std::vector<int> found;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", error)) {
    const std::string name = entry.path().filename();
    int descriptor = -1;
    std::from_chars(name.data(), name.data() + name.size(), descriptor);
    const int flags = fcntl(descriptor, F_GETFD);
    if (descriptor < kFirstOwnDescriptor || flags < 0 || (flags & FD_CLOEXEC) != 0) continue;
    found.push_back(descriptor);
  }
  return found;
}

ChildEnd RunChild(const ChildCommand& command, const EndSignals& signals) {
  the_child = 0;
  signals_to_pass = 0;
  const PassedOnSignals passed_on(signals);
  pid_t child = 0;
  int error = Spawn(command, child);
  if (error == ENOEXEC) error = Spawn(InShell(command), child);
  if (error != 0) return CannotRun(command, error);
  const rlimit limit = EarlierCoreLimit();
  prlimit(child, RLIMIT_CORE, &limit, nullptr);
  the_child = child;
  SendWaiting();
  return WaitFor(child);
}

ChildEnd BecomeChild(const ChildCommand& command) {
  KeepOnly(command.descriptors);
  const rlimit limit = EarlierCoreLimit();
  setrlimit(RLIMIT_CORE, &limit);
  if (!broken_pipe_was_ignored) signal(SIGPIPE, SIG_DFL);
  const sigset_t mask = EndSignals::EarlierMask();
  pthread_sigmask(SIG_SETMASK, &mask, nullptr);
  execvpe(command.words.front().c_str(), Pointers(command.words).data(),
          Pointers(command.environment).data());
  return CannotRun(command, errno);
}

void EndAs(const ChildEnd& end) {
  if (end.signal != 0) {
    prctl(PR_SET_DUMPABLE, 0);  // whatever the limit, a handler of core files would get our secrets
    signal(end.signal, SIG_DFL);
    sigset_t it;
    sigemptyset(&it);
    sigaddset(&it, end.signal);
    pthread_sigmask(SIG_UNBLOCK, &it, nullptr);
    raise(end.signal);
  }
  _exit(end.status);  // a container's process 1 does not die of signals
}

}  // namespace credmint::daemon
