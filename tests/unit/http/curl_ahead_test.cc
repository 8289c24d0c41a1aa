// SPDX-License-Identifier: Apache-2.0
#include "http/curl_ahead.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace credmint {
namespace {

/// A child has not loaded the library yet, so its thread runs for a while.
TEST(CurlAheadTest, ASignalThatTheMainThreadHoldsBackDoesNotEndTheProgram) {
  const pid_t child = fork();
  if (child == 0) {
    sigset_t held;
    sigemptyset(&held);
    sigaddset(&held, SIGTERM);
    CurlAhead ahead;
    ahead.Start();
    pthread_sigmask(SIG_BLOCK, &held, nullptr);  // the thread would not inherit it
    for (int i = 0; i < 100; ++i) kill(getpid(), SIGTERM);
    ahead.Finish();
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

TEST(CurlAheadTest, LeavesTheMainThreadsSignalsAlone) {
  sigset_t before;
  sigset_t after;
  pthread_sigmask(SIG_SETMASK, nullptr, &before);
  CurlAhead ahead;
  ahead.Start();
  pthread_sigmask(SIG_SETMASK, nullptr, &after);
  EXPECT_EQ(sigismember(&before, SIGTERM), sigismember(&after, SIGTERM));
  EXPECT_EQ(sigismember(&before, SIGINT), sigismember(&after, SIGINT));
}

}  // namespace
}  // namespace credmint
