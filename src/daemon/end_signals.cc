// SPDX-License-Identifier: Apache-2.0
#include "daemon/end_signals.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <system_error>
#include <thread>
#include <utility>

#include "base/closed_at_exit.h"

namespace credmint::daemon {
namespace {

constexpr std::array kEnding = {SIGINT, SIGTERM, SIGHUP};
constexpr int kShellsStatusOfSignal = 128;

sigset_t ToWatch() {
  sigset_t blocked;
  pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
  sigset_t set;
  sigemptyset(&set);
  for (const int number : kEnding) {
    struct sigaction action {};
    sigaction(number, nullptr, &action);
    if (action.sa_handler != SIG_IGN && sigismember(&blocked, number) == 0) sigaddset(&set, number);
  }
  return set;
}

/// Returns the set as of the first call. Needed after a fork, by a function that gets no argument.
const sigset_t& Watched() {
  static const sigset_t kWatched = ToWatch();
  return kWatched;
}

void Unblock() { pthread_sigmask(SIG_UNBLOCK, &Watched(), nullptr); }

/// Blocks all signals in the calling thread for as long as it lives. A thread started meanwhile
/// begins with all signals blocked.
class BlockedSignals {
 public:
  BlockedSignals() {
    sigset_t everything;
    sigfillset(&everything);
    pthread_sigmask(SIG_SETMASK, &everything, &before_);
  }
  ~BlockedSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;

 private:
  sigset_t before_{};
};

bool IsWaiting() {
  sigset_t pending;
  sigpending(&pending);
  return std::any_of(kEnding.begin(), kEnding.end(), [&](int number) {
    return sigismember(&pending, number) == 1 && sigismember(&Watched(), number) == 1;
  });
}

std::atomic<const EndSignals*> of_this_process = nullptr;

[[noreturn]] void WaitForever() {
  for (;;) pause();
}

}  // namespace

/// Sets `ending` while the signal is still pending, so that WaitIfEnding() always sees one of the
/// two.
int EndSignals::WaitForOne(int descriptor, Shared& shared) {
  for (;;) {
    pollfd waiting{descriptor, POLLIN, 0};
    while (poll(&waiting, 1, -1) <= 0) {
    }
    const auto handler = shared.handler.Lock();
    if (!*handler) shared.ending = true;
    siginfo_t signal{};  // may be another signal if two arrived at once
    while (sigwaitinfo(&Watched(), &signal) < 0) {
    }
    if (*handler && (*handler)(signal)) continue;
    shared.ending = true;
    return signal.si_signo;
  }
}

void EndSignals::Watch(int descriptor, Shared& shared) {
  const int number = WaitForOne(descriptor, shared);
  Unblock();
  ClosedAtExit::CloseAll();
  raise(number);
  _exit(kShellsStatusOfSignal + number);  // a container's process 1 does not die of signals
}

EndSignals::EndSignals() : shared_(std::make_shared<Shared>()) {
  const int descriptor = signalfd(-1, &Watched(), SFD_CLOEXEC);
  if (descriptor < 0) return;
  pthread_sigmask(SIG_BLOCK, &Watched(), nullptr);
  pthread_atfork(nullptr, nullptr, Unblock);
  try {
    const BlockedSignals for_the_thread;
    std::thread([descriptor, shared = shared_] { Watch(descriptor, *shared); }).detach();
  } catch (const std::system_error&) {
    Unblock();
  }
}

const EndSignals& EndSignals::OfThisProcess() {
  static const auto* const kOnly = new EndSignals;
  of_this_process = kOnly;
  return *kOnly;
}

void EndSignals::WaitIfThisProcessIsEnding() {
  if (const EndSignals* watching = of_this_process) watching->WaitIfEnding();
}

sigset_t EndSignals::EarlierMask() {
  sigset_t mask;
  pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  for (const int number : kEnding) {
    if (sigismember(&Watched(), number) == 1) sigdelset(&mask, number);
  }
  return mask;
}

void EndSignals::SetHandler(Handler handler) const {
  *shared_->handler.Lock() = std::move(handler);
}

void EndSignals::WaitIfEnding() const {
  if (IsWaiting() || shared_->ending) WaitForever();
}

}  // namespace credmint::daemon
