// SPDX-License-Identifier: Apache-2.0
#include "base/mutex.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <functional>
#include <stdexcept>
#include <thread>
#include <vector>

namespace credmint {
namespace {

/// A counter that threads share, with a condition variable.
class Count {
 public:
  void Add() {
    const MutexLock lock(mutex_);
    ++value_;
    changed_.notify_all();
  }

  void Await(int value) {
    const MutexLock lock(mutex_);
    while (value_ < value) changed_.wait(mutex_);
  }

  /// Runs `body` with the mutex unlocked; returns the value afterwards.
  int Beside(const std::function<void()>& body) {
    const MutexLock lock(mutex_);
    RunBeside(body);
    return value_;
  }

 private:
  void RunBeside(const std::function<void()>& body) CREDMINT_REQUIRES(mutex_) {
    const MutexUnlock unlocked(mutex_);
    body();
  }

  Mutex mutex_;
  std::condition_variable_any changed_;
  int value_ CREDMINT_GUARDED_BY(mutex_) = 0;
};

TEST(MutexTest, LetsOneThreadInAtATime) {
  constexpr int kThreads = 4;
  constexpr int kTimes = 10'000;
  Count count;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < kTimes; ++n) count.Add();
    });
  }
  count.Await(kThreads * kTimes);
  for (std::thread& thread : threads) thread.join();
}

TEST(MutexTest, IsGivenToOthersMeanwhileAndTakenAgain) {
  Count count;
  EXPECT_EQ(count.Beside([&] { std::thread([&] { count.Add(); }).join(); }), 1);
  EXPECT_THROW(count.Beside([] { throw std::runtime_error("out"); }), std::runtime_error);
  count.Add();  // the mutex is free
}

}  // namespace
}  // namespace credmint
