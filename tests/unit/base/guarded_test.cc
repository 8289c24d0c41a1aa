// SPDX-License-Identifier: Apache-2.0
#include "base/guarded.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <type_traits>
#include <vector>

namespace credmint {
namespace {

static_assert(!std::is_copy_constructible_v<Guarded<int>>);
static_assert(!std::is_copy_constructible_v<Guarded<int>::Access>);

TEST(GuardedTest, LetsOneThreadInAtATime) {
  constexpr int kThreads = 4;
  constexpr int kSteps = 500;
  Guarded<int> counter(0);
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&counter] {
      for (int step = 0; step < kSteps; ++step) {
        const auto access = counter.Lock();
        const int seen = *access;
        std::this_thread::yield();  // lets another thread interfere
        *access = seen + 1;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(*counter.Lock(), kThreads * kSteps);
}

TEST(GuardedTest, StartsWithADefaultValue) { EXPECT_EQ(*Guarded<int>().Lock(), 0); }

TEST(GuardedTest, TakesOverAValueThatCannotBeCopied) {
  Guarded<std::unique_ptr<int>> guarded(std::make_unique<int>(5));
  EXPECT_EQ(**guarded.Lock(), 5);
}

TEST(GuardedTest, ReachesMembersWhileLocked) {
  Guarded<std::vector<int>> guarded;
  guarded.Lock()->push_back(7);
  EXPECT_EQ(guarded.Lock()->size(), 1U);
}

TEST(GuardedTest, HandsTheLockOnWithItsAccess) {
  Guarded<int> guarded(1);
  {
    auto first = guarded.Lock();
    const auto second = std::move(first);
    EXPECT_EQ(*second, 1);
  }
  EXPECT_EQ(*guarded.Lock(), 1);
}

}  // namespace
}  // namespace credmint
