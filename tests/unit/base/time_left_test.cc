// SPDX-License-Identifier: Apache-2.0
#include "base/time_left.h"

#include <gtest/gtest.h>

namespace credmint {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kNow{std::chrono::seconds(1767268800)};

TEST(TimeLeftTest, TakesTheLargestUnitOfWhichThereAreTwo) {
  EXPECT_EQ(TimeLeft(kNow + 49h, kNow), "2 days");
  EXPECT_EQ(TimeLeft(kNow + 47h + 59min, kNow), "47 hours");
  EXPECT_EQ(TimeLeft(kNow + 119min, kNow), "119 minutes");
  EXPECT_EQ(TimeLeft(kNow + 61s, kNow), "61 seconds");
  EXPECT_EQ(InWords(-5min), "5 minutes");
}

TEST(TimeLeftTest, NothingIsLeftAfterTheEnd) { EXPECT_EQ(TimeLeft(kNow - 9h, kNow), "0 seconds"); }

}  // namespace
}  // namespace credmint
