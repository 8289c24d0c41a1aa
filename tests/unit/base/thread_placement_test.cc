// SPDX-License-Identifier: Apache-2.0
#include "base/thread_placement.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <thread>

#include "base/syscall_filter.h"

namespace credmint {
namespace {

/// Runs `body` in a child, whose affinity and filters are its own; whether it returned true.
bool HoldsInAChild(const std::function<bool()>& body) {
  const pid_t child = fork();
  if (child == 0) _exit(body() ? 0 : 1);
  int status = 0;
  return waitpid(child, &status, 0) == child && status == 0;
}

int CountAllowed() {
  cpu_set_t allowed;
  return sched_getaffinity(0, sizeof allowed, &allowed) == 0 ? CPU_COUNT(&allowed) : 0;
}

bool AllowOnly(int processor) {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(static_cast<unsigned>(processor), &one);
  return sched_setaffinity(0, sizeof one, &one) == 0;
}

void Await(const std::atomic<bool>& event) {
  while (!event) sched_yield();
}

/// Places a thread that only PlaceElsewhere() can move, because it may use no other processor than
/// its caller's. Returns whether it moved, and may use all of them afterwards.
bool Moves() {
  const int here = sched_getcpu();
  std::atomic<bool> ready = false;
  std::atomic<bool> placed = false;
  bool moved = false;
  std::thread thread([&] {
    ready = AllowOnly(here);
    Await(placed);
    moved = sched_getcpu() != here && CountAllowed() > 1;
  });
  Await(ready);
  PlaceElsewhere(thread);
  placed = true;
  thread.join();
  return moved;
}

TEST(ThreadPlacementTest, MovesAThreadToAnotherProcessor) {
  if (std::thread::hardware_concurrency() < 2) GTEST_SKIP() << "there is one processor";
  if (prctl(PR_GET_SECCOMP) != 0) GTEST_SKIP() << "a filter of system calls is in force";
  bool moved = false;  // at least once: the kernel may move both at any time
  for (int i = 0; i < 50 && !moved; ++i) moved = Moves();
  EXPECT_TRUE(moved);
}

TEST(ThreadPlacementTest, LeavesAThreadOnTheOnlyProcessor) {
  EXPECT_TRUE(HoldsInAChild([] {
    if (!AllowOnly(sched_getcpu())) return false;
    bool same = false;
    std::thread thread([&] { same = CountAllowed() == 1; });
    PlaceElsewhere(thread);
    thread.join();
    return same;
  }));
}

TEST(ThreadPlacementTest, CallsNothingThatAFilterMayKillFor) {
  EXPECT_TRUE(HoldsInAChild([] {
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    SyscallFilter filter(SyscallFilter::Denial::kNamed);
    filter.Deny(__NR_sched_setaffinity);
    if (!filter.Install()) return false;
    std::thread thread([] {});
    PlaceElsewhere(thread);
    thread.join();
    return SyscallFilter::Denied().empty();
  }));
}

}  // namespace
}  // namespace credmint
