// SPDX-License-Identifier: Apache-2.0
#include "http/spare_thread.h"

#include <gtest/gtest.h>

#include <future>
#include <thread>

namespace credmint {
namespace {

/// Set by what the spare thread does first. A thread's id would not tell: the next one may get it.
thread_local bool is_spare = false;

void StartSpare() {
  StartSpareThread([] { is_spare = true; });
}

/// Runs a task to its end; returns whether the spare thread ran it.
bool RunsOnSpare() {
  bool ran_on_spare = false;
  std::thread thread = RunOnSpareThread([&] { ran_on_spare = is_spare; });
  EXPECT_TRUE(thread.joinable());
  if (thread.joinable()) thread.join();
  return ran_on_spare;
}

TEST(SpareThreadTest, RunsOneTask) {
  StartSpare();
  EXPECT_TRUE(RunsOnSpare());
  EXPECT_FALSE(RunsOnSpare()) << "a new thread";
}

TEST(SpareThreadTest, EndsWithoutATask) {
  StartSpare();
  EndSpareThread();
  EndSpareThread();  // there is none
  EXPECT_FALSE(RunsOnSpare());
}

TEST(SpareThreadTest, TheTaskMayComeWhileTheFirstThingRuns) {
  std::promise<void> goes_on;
  bool was_first = false;
  StartSpareThread([&] {
    goes_on.get_future().wait();
    was_first = true;
  });
  bool saw_first = false;
  std::thread thread = RunOnSpareThread([&] { saw_first = was_first; });
  goes_on.set_value();
  thread.join();
  EXPECT_TRUE(saw_first);
}

}  // namespace
}  // namespace credmint
