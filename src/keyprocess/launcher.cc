// SPDX-License-Identifier: Apache-2.0
#include "keyprocess/launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <system_error>
#include <utility>

#include "base/mutex.h"
#include "keyprocess/isolation.h"

namespace credmint::keyprocess {
namespace {

using std::chrono::milliseconds;

constexpr int kFailed = 127;

tl::unexpected<Error> SystemFailure(const char* what) {
  return Fail(ErrorCode::kInternal,
              std::string("starting a key process: ") + what + ": " + strerror(errno));
}

[[noreturn]] void RunHere(const Launcher::Body& body, int socket, int output) {
  prctl(PR_SET_NAME, "credmint-key", 0, 0, 0);
  const int kept = Isolate(socket, output);
  if (kept < 0) _exit(kFailed);
  body(Descriptor(kept));
  _exit(0);
}

Result<Launched> Fork(const Launcher::Body& body) {
  std::array<int, 2> sockets{};
  std::array<int, 2> pipe{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets.data()) != 0) {
    return SystemFailure("a socket");
  }
  Launched launched{0, Descriptor(sockets[0]), {}};
  const Descriptor its_socket(sockets[1]);
  if (pipe2(pipe.data(), O_CLOEXEC) != 0) return SystemFailure("a pipe");
  launched.output = Descriptor(pipe[0]);
  const Descriptor its_output(pipe[1]);
  fcntl(launched.output.get(), F_SETFL, O_NONBLOCK);
  launched.process = fork();
  if (launched.process < 0) return SystemFailure("a process");
  if (launched.process == 0) RunHere(body, its_socket.get(), its_output.get());
  return launched;
}

/// Waits until a child has ended, but no longer than `patience`.
void AwaitEnd(pid_t process, milliseconds patience) {
  const Descriptor handle = OpenProcess(process);
  if (!handle) return;
  pollfd ended{handle.get(), POLLIN, 0};
  poll(&ended, 1, static_cast<int>(patience.count()));
}

/// Waits for a child; its status, or nothing at the end of `patience`.
std::optional<int> WaitFor(pid_t process, milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  AwaitEnd(process, patience);
  constexpr timespec kPause{0, 1000000};
  for (;;) {
    int status = 0;
    const pid_t ended = waitpid(process, &status, WNOHANG);
    if (ended == process) return status;
    if (ended < 0 && errno != EINTR) return -1;
    if (std::chrono::steady_clock::now() >= deadline) return std::nullopt;
    nanosleep(&kPause, nullptr);
  }
}

int EndChild(pid_t process, milliseconds patience, bool kills) {
  if (const auto status = WaitFor(process, patience)) return *status;
  if (!kills) return -1;
  kill(process, SIGKILL);
  return WaitFor(process, std::chrono::seconds(1)).value_or(-1);
}

// --- the helper ----------------------------------------------------------------------------------

/// The main process asks the helper for this: a process, or the end of one.
struct Request {
  pid_t process = 0;  ///< 0 to start one
  int patience = 0;   ///< ms
  bool kills = false;
};

struct Answer {
  pid_t process = 0;  ///< that was started; 0 if none could be
  int status = 0;     ///< of a process that has ended
};

constexpr std::size_t kPassed = 2;  // the socket and the output

void SendAnswer(int control, const Answer& answer, const Launched* launched) {
  iovec part{const_cast<Answer*>(&answer), sizeof answer};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kPassed * sizeof(int))> space{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (launched != nullptr) {
    message.msg_control = space.data();
    message.msg_controllen = space.size();
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(kPassed * sizeof(int));
    const std::array<int, kPassed> passed = {launched->socket.get(), launched->output.get()};
    memcpy(CMSG_DATA(header), passed.data(), sizeof passed);
  }
  static_cast<void>(sendmsg(control, &message, MSG_NOSIGNAL));
}

/// Answers requests, and collects the children that end, so that none stays as a zombie.
class Helper {
 public:
  Helper(Launcher::Body body, Descriptor control)
      : body_(std::move(body)), control_(std::move(control)) {}

  void Run() {
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, nullptr);
    const Descriptor ended(signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK));
    for (;;) {
      std::array<pollfd, 2> waiting = {{{control_.get(), POLLIN, 0}, {ended.get(), POLLIN, 0}}};
      if (poll(waiting.data(), waiting.size(), -1) < 0) continue;
      signalfd_siginfo ignored{};
      while (read(ended.get(), &ignored, sizeof ignored) > 0) {
      }
      Collect();
      if (waiting[0].revents != 0 && !AnswerOne()) return;
    }
  }

 private:
  void Collect() {
    constexpr std::size_t kMostKept = 1024;
    int status = 0;
    for (pid_t process = 0; (process = waitpid(-1, &status, WNOHANG)) > 0;) {
      if (statuses_.size() < kMostKept) statuses_[process] = status;
    }
  }

  /// Returns false when the main process is gone.
  bool AnswerOne() {
    Request request;
    const ssize_t size = recv(control_.get(), &request, sizeof request, 0);
    if (size < 0 && errno == EINTR) return true;
    if (size != sizeof request) return false;
    if (request.process != 0) {
      SendAnswer(control_.get(), {request.process, End(request)}, nullptr);
      return true;
    }
    auto launched = Fork([this](Descriptor socket) { body_(std::move(socket)); });
    if (launched) statuses_.erase(launched->process);  // of an earlier process with this number
    SendAnswer(control_.get(), {launched ? launched->process : 0, 0},
               launched ? &*launched : nullptr);
    return true;
  }

  int End(const Request& request) {
    const auto found = statuses_.find(request.process);
    if (found == statuses_.end()) {
      return EndChild(request.process, milliseconds(request.patience), request.kills);
    }
    const int status = found->second;
    statuses_.erase(found);
    return status;
  }

  Launcher::Body body_;
  Descriptor control_;
  std::map<pid_t, int> statuses_;  // of those that nobody asked for yet
};

/// The main process's end of the helper.
class HelperEnd {
 public:
  HelperEnd(Descriptor control, pid_t helper) : control_(std::move(control)), helper_(helper) {}
  ~HelperEnd() {
    control_ = Descriptor();
    EndChild(helper_, std::chrono::milliseconds(300), true);
  }
  HelperEnd(const HelperEnd&) = delete;
  HelperEnd& operator=(const HelperEnd&) = delete;

  static Result<std::unique_ptr<HelperEnd>> Fork(Launcher::Body body);

  Result<Answer> Ask(const Request& request, Launched& launched);

 private:
  Descriptor control_;
  pid_t helper_;
};

Result<std::unique_ptr<HelperEnd>> HelperEnd::Fork(Launcher::Body body) {
  std::array<int, 2> sockets{};
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets.data()) != 0) {
    return SystemFailure("a socket");
  }
  Descriptor ours(sockets[0]);
  const Descriptor its(sockets[1]);
  const pid_t helper = fork();
  if (helper < 0) return SystemFailure("a process");
  if (helper > 0) return std::make_unique<HelperEnd>(std::move(ours), helper);
  prctl(PR_SET_NAME, "credmint-start", 0, 0, 0);
  const int kept = Isolate(its.get(), -1);
  // A service manager may send these to every process of the service. This one ends with its
  // parent.
  for (const int number : {SIGHUP, SIGINT, SIGTERM}) signal(number, SIG_IGN);
  if (kept >= 0 && chdir("/") == 0) Helper(std::move(body), Descriptor(kept)).Run();
  _exit(kept >= 0 ? 0 : kFailed);
}

Result<Answer> HelperEnd::Ask(const Request& request, Launched& launched) {
  Answer answer;
  iovec part{&answer, sizeof answer};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kPassed * sizeof(int))> space{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = space.data();
  message.msg_controllen = space.size();
  ssize_t size = -1;
  if (send(control_.get(), &request, sizeof request, MSG_NOSIGNAL) == sizeof request) {
    do {
      size = recvmsg(control_.get(), &message, MSG_CMSG_CLOEXEC);
    } while (size < 0 && errno == EINTR);
  }
  if (size != sizeof answer) {
    return Fail(ErrorCode::kInternal, "the helper that starts key processes has ended");
  }
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header != nullptr && header->cmsg_len == CMSG_LEN(kPassed * sizeof(int))) {
    std::array<int, kPassed> passed{};
    memcpy(passed.data(), CMSG_DATA(header), sizeof passed);
    launched.socket = Descriptor(passed[0]);
    launched.output = Descriptor(passed[1]);
  }
  return answer;
}

// --- the launcher --------------------------------------------------------------------------------

bool HasOneThread() {
  std::error_code failed;
  const std::filesystem::directory_iterator threads("/proc/self/task", failed);
  return failed || std::distance(begin(threads), end(threads)) == 1;
}

/// A thread that has been joined is still listed for a moment.
bool WaitForOneThread() {
  constexpr timespec kPause{0, 200000};
  for (int tries = 500; tries > 0; --tries) {
    if (HasOneThread()) return true;
    nanosleep(&kPause, nullptr);
  }
  return false;
}

class ThisLauncher final : public Launcher {
 public:
  ThisLauncher(Body body, std::function<void()> before_fork)
      : body_(std::move(body)), before_fork_(std::move(before_fork)) {}
  ~ThisLauncher() override {
    if (!ahead_) return;
    ahead_->socket = Descriptor();  // that ends it
    EndChild(ahead_->process, milliseconds(300), true);
  }
  ThisLauncher(const ThisLauncher&) = delete;
  ThisLauncher& operator=(const ThisLauncher&) = delete;

  void LaunchAhead() override {
    const MutexLock lock(mutex_);
    if (helper_ || ahead_) return;
    if (auto launched = ForkHere()) ahead_ = *std::move(launched);
  }

  Result<void> PrepareForThreads() override {
    const MutexLock lock(mutex_);
    auto helper = HelperEnd::Fork(body_);
    if (!helper) return Fail(std::move(helper));
    helper_ = *std::move(helper);
    return {};
  }

  Result<Launched> Launch() override {
    const MutexLock lock(mutex_);
    if (helper_) return LaunchWithHelper();
    if (!ahead_) return ForkHere();
    Launched launched = *std::move(ahead_);
    ahead_.reset();
    return launched;
  }

  int End(pid_t process, milliseconds patience, bool kill) override {
    const MutexLock lock(mutex_);
    if (own_.erase(process) > 0 || !helper_) return EndChild(process, patience, kill);
    Launched none;
    const auto answer = helper_->Ask({process, static_cast<int>(patience.count()), kill}, none);
    return answer ? answer->status : -1;
  }

 private:
  Result<Launched> ForkHere() CREDMINT_REQUIRES(mutex_) {
    if (before_fork_) before_fork_();
    if (!WaitForOneThread()) {
      return Fail(ErrorCode::kInternal, "this process cannot start a key process any more");
    }
    auto launched = Fork(body_);
    if (launched) own_.insert(launched->process);
    return launched;
  }

  Result<Launched> LaunchWithHelper() CREDMINT_REQUIRES(mutex_) {
    Launched launched;
    const auto answer = helper_->Ask({}, launched);
    if (!answer) return Fail(answer);
    if (answer->process == 0 || !launched.socket || !launched.output) {
      return Fail(ErrorCode::kInternal, "the system gives no process for the key");
    }
    launched.process = answer->process;
    return launched;
  }

  const Body body_;
  const std::function<void()> before_fork_;
  Mutex mutex_;
  std::optional<Launched> ahead_ CREDMINT_GUARDED_BY(mutex_);
  std::unique_ptr<HelperEnd> helper_ CREDMINT_GUARDED_BY(mutex_);
  std::set<pid_t> own_ CREDMINT_GUARDED_BY(mutex_);  // not started by the helper
};

}  // namespace

Descriptor OpenProcess(pid_t process) {
  return Descriptor(static_cast<int>(syscall(SYS_pidfd_open, process, 0)));
}

std::unique_ptr<Launcher> Launcher::Create(Body body, std::function<void()> before_fork) {
  return std::make_unique<ThisLauncher>(std::move(body), std::move(before_fork));
}

}  // namespace credmint::keyprocess
