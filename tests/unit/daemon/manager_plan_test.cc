// SPDX-License-Identifier: Apache-2.0
#include "daemon/manager_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace credmint::daemon {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

class ManagerPlanTest : public testing::Test {
 protected:
  ManagerPlan Plan(std::optional<std::chrono::microseconds> watchdog = std::nullopt) {
    return {kStart, watchdog, [this] { return has_answered_; }, [this] { return is_content_; }};
  }

  static constexpr ManagerPlan::Time kStart{seconds(1000)};
  bool has_answered_ = false;
  bool is_content_ = true;
};

TEST_F(ManagerPlanTest, IsReadyWithTheFirstAnswersAndSaysSoOnce) {
  ManagerPlan plan = Plan();
  EXPECT_THAT(plan.Due(kStart), IsEmpty());
  EXPECT_EQ(plan.Next(kStart), kStart + milliseconds(50));
  has_answered_ = true;
  EXPECT_THAT(plan.Due(kStart + seconds(1)), ElementsAre("READY=1"));
  EXPECT_THAT(plan.Due(kStart + seconds(2)), IsEmpty());
  EXPECT_EQ(plan.Next(kStart + seconds(2)), std::nullopt);
}

TEST_F(ManagerPlanTest, IsReadyWithoutAnswersWhenTheLongestStartIsOver) {
  ManagerPlan plan = Plan();
  EXPECT_THAT(plan.Due(kStart + seconds(30) - milliseconds(1)), IsEmpty());
  EXPECT_THAT(plan.Due(kStart + seconds(30)), ElementsAre("READY=1"));
}

TEST_F(ManagerPlanTest, PingsTwiceInEachWatchdogTime) {
  has_answered_ = true;
  ManagerPlan plan = Plan(seconds(10));
  EXPECT_THAT(plan.Due(kStart), ElementsAre("READY=1"));
  EXPECT_EQ(plan.Next(kStart), kStart + seconds(5));
  EXPECT_THAT(plan.Due(kStart + seconds(4)), IsEmpty());
  EXPECT_THAT(plan.Due(kStart + seconds(5)), ElementsAre("WATCHDOG=1"));
  EXPECT_EQ(plan.Next(kStart + seconds(5)), kStart + seconds(10));
}

TEST_F(ManagerPlanTest, PingsBeforeItIsReady) {
  ManagerPlan plan = Plan(milliseconds(60));
  EXPECT_EQ(plan.Next(kStart), kStart + milliseconds(30));
  EXPECT_THAT(plan.Due(kStart + milliseconds(30)), ElementsAre("WATCHDOG=1"));
  has_answered_ = true;
  EXPECT_THAT(plan.Due(kStart + milliseconds(60)), ElementsAre("READY=1", "WATCHDOG=1"));
}

TEST_F(ManagerPlanTest, KeepsSilentWhileAllIsNotWell) {
  has_answered_ = true;
  is_content_ = false;
  ManagerPlan plan = Plan(seconds(10));
  EXPECT_THAT(plan.Due(kStart), ElementsAre("READY=1"));
  EXPECT_THAT(plan.Due(kStart + seconds(5)), IsEmpty());
  is_content_ = true;
  EXPECT_THAT(plan.Due(kStart + seconds(10)), ElementsAre("WATCHDOG=1"));
}

}  // namespace
}  // namespace credmint::daemon
