// SPDX-License-Identifier: Apache-2.0
#include "daemon/end_signals.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>

namespace credmint::daemon {
namespace {

bool IsBlocked(int number) {
  sigset_t blocked;
  pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
  return sigismember(&blocked, number) == 1;
}

bool IsBlockedInAChild(int number) {
  const pid_t child = fork();
  if (child == 0) _exit(IsBlocked(number) ? 1 : 0);
  int status = 0;
  waitpid(child, &status, 0);
  return status != 0;
}

/// Tests fork their processes from this one, in which no signal is blocked or ignored. Under nohup
/// or a shell's & some would be ignored.
class EndSignalsTest : public testing::Test {
 protected:
  EndSignalsTest() {
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) signal(number, SIG_DFL);
  }
};

TEST_F(EndSignalsTest, BlocksThemHereButNotInChildren) {
  EXPECT_EXIT(
      {
        const EndSignals end_signals;
        for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
          if (!IsBlocked(number) || IsBlockedInAChild(number)) _exit(1);
        }
        if (IsBlocked(SIGQUIT)) _exit(2);
        _exit(0);
      },
      testing::ExitedWithCode(0), "");
}

TEST_F(EndSignalsTest, LeavesAloneWhatIsIgnored) {
  EXPECT_EXIT(
      {
        signal(SIGHUP, SIG_IGN);
        const EndSignals end_signals;
        raise(SIGHUP);
        end_signals.WaitIfEnding();
        _exit(IsBlocked(SIGHUP) ? 1 : 0);
      },
      testing::ExitedWithCode(0), "");
}

TEST_F(EndSignalsTest, EndsByTheSignal) {
  EXPECT_EXIT(
      {
        const EndSignals end_signals;
        kill(getpid(), SIGTERM);
        end_signals.WaitIfEnding();
        _exit(1);
      },
      testing::KilledBySignal(SIGTERM), "");
}

TEST_F(EndSignalsTest, AsksTheHandlerWhileThereIsOne) {
  EXPECT_EXIT(
      {
        const EndSignals end_signals;
        std::atomic<int> number = 0;
        end_signals.SetHandler([&](const siginfo_t& signal) {
          number = signal.si_signo;
          return true;
        });
        kill(getpid(), SIGHUP);
        while (number != SIGHUP) usleep(1000);
        end_signals.SetHandler(nullptr);
        end_signals.WaitIfEnding();
        kill(getpid(), SIGINT);
        end_signals.WaitIfEnding();
        _exit(1);
      },
      testing::KilledBySignal(SIGINT), "");
}

TEST_F(EndSignalsTest, EndsByTheSignalThatTheHandlerDoesNotTake) {
  EXPECT_EXIT(
      {
        const EndSignals end_signals;
        end_signals.SetHandler([](const siginfo_t&) { return false; });
        kill(getpid(), SIGTERM);
        for (;;) pause();
      },
      testing::KilledBySignal(SIGTERM), "");
}

}  // namespace
}  // namespace credmint::daemon
