// SPDX-License-Identifier: Apache-2.0
#include "daemon/child_process.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include <array>
#include <string>
#include <utility>
#include <vector>

namespace credmint::daemon {
namespace {

/// Each test runs in its own process (EXPECT_EXIT), because signals affect the whole process.
class ChildProcessTest : public testing::Test {
 protected:
  ChildProcessTest() {
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1}) signal(number, SIG_DFL);
    descriptors_ = OpenDescriptors();
  }

  [[nodiscard]] ChildCommand Command(std::vector<std::string> words) const {
    return {std::move(words), {"PATH=/usr/bin:/bin", "GIVEN=it"}, descriptors_};
  }
  [[nodiscard]] ChildCommand Script(const std::string& script) const {
    return Command({"sh", "-c", script});
  }
  /// Runs a script and ends this process with its status.
  [[noreturn]] void RunAndExit(const std::string& script) const {
    const EndSignals signals;
    _exit(RunChild(Script(script), signals).status);
  }

  std::vector<int> descriptors_;
};

TEST_F(ChildProcessTest, PassesOnTheStatus) {
  EXPECT_EXIT(RunAndExit("exit 0"), testing::ExitedWithCode(0), "");
  EXPECT_EXIT(RunAndExit("exit 77"), testing::ExitedWithCode(77), "");
  EXPECT_EXIT(RunAndExit("kill -USR2 $$"), testing::ExitedWithCode(128 + SIGUSR2), "");
}

// ThreadSanitizer runs a handler only after the call in which its thread waits. EndSignals watches
// the first three with a thread of its own.
#if defined(__SANITIZE_THREAD__)
constexpr std::array kPassedOnSignals = {SIGHUP, SIGINT, SIGTERM};
#else
constexpr std::array kPassedOnSignals = {SIGHUP,  SIGINT,  SIGTERM, SIGQUIT,
                                         SIGUSR1, SIGUSR2, SIGALRM};
#endif

TEST_F(ChildProcessTest, PassesOnSignalsForThisProcess) {
  for (const int number : kPassedOnSignals) {
    const auto script = fmt::format("kill -{} $PPID; exec sleep 100", number);
    EXPECT_EXIT(RunAndExit(script), testing::ExitedWithCode(128 + number), "");
  }
}

TEST_F(ChildProcessTest, HandlesSignalsAsBeforeOnceTheChildHasEnded) {
  EXPECT_EXIT(
      {
        const EndSignals signals;
        if (RunChild(Script("exit 0"), signals).status != 0) _exit(1);
        kill(getpid(), SIGTERM);
        signals.WaitIfEnding();
        _exit(2);
      },
      testing::KilledBySignal(SIGTERM), "");
}

TEST_F(ChildProcessTest, StartsTheChildWithNeitherOurSignalsNorOurDescriptors) {
  EXPECT_EXIT(
      {
        signal(SIGPIPE, SIG_IGN);
        dup2(STDIN_FILENO, 200);
        ChildCommand command =
            Script("test -e /proc/self/fd/200 && test ! -e /proc/self/fd/201 && kill -PIPE $$");
        command.descriptors = OpenDescriptors();
        dup2(STDIN_FILENO, 201);
        const EndSignals signals;
        _exit(RunChild(command, signals).status);
      },
      testing::ExitedWithCode(128 + SIGPIPE), "");
  EXPECT_EXIT(RunAndExit("grep -q '^SigBlk:[[:blank:]]*0*$' /proc/self/status && exit 3"),
              testing::ExitedWithCode(3), "");
}

TEST_F(ChildProcessTest, GivesItTheEnvironment) {
  EXPECT_EXIT(RunAndExit("test \"$GIVEN-$HOME\" = it- && exit 4"), testing::ExitedWithCode(4), "");
}

TEST_F(ChildProcessTest, SaysWhyItCannotStart) {
  const auto check = [this](const char* name, int status, const char* why) {
    const EndSignals signals;
    const ChildEnd ended = RunChild(Command({name}), signals);
    const ChildEnd replaced = BecomeChild(Command({name}));
    const bool same = ended.failure && ended.failure->message == replaced.failure->message;
    fputs(ended.failure->message.c_str(), stderr);
    _exit(same && ended.status == status && replaced.status == status &&
                  ended.failure->message.ends_with(why)
              ? 0
              : 1);
  };
  const auto ok = testing::ExitedWithCode(0);
  EXPECT_EXIT(check("/no/such", 127, "running /no/such: No such file or directory"), ok, "");
  EXPECT_EXIT(check("no-such-command", 127, ": No such file or directory"), ok, "");
  EXPECT_EXIT(check("/etc/passwd", 126, "running /etc/passwd: Permission denied"), ok, "");
}

TEST_F(ChildProcessTest, ReplacesThisProcess) {
  EXPECT_EXIT(
      {
        signal(SIGPIPE, SIG_IGN);
        const EndSignals signals;
        BecomeChild(Script(fmt::format("test $$ = {} && kill -PIPE $$", getpid())));
        _exit(100);
      },
      testing::KilledBySignal(SIGPIPE), "");
}

}  // namespace
}  // namespace credmint::daemon
