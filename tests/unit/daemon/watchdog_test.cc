// SPDX-License-Identifier: Apache-2.0
#include "daemon/watchdog.h"

#include <gtest/gtest.h>

namespace credmint::daemon {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class WatchdogTest : public testing::Test {
 protected:
  milliseconds since_turn_{0};
  RefresherState web_;
  RefresherState db_;
  Watchdog watchdog_{
      [this] { return since_turn_; },
      [this] {
        return std::vector<serve::RoleStatus>{{"web", web_, seconds(30)}, {"db", db_, seconds(30)}};
      }};
};

TEST_F(WatchdogTest, IsNotContentWithAServerThatIsStuck) {
  since_turn_ = milliseconds(3001);
  EXPECT_FALSE(watchdog_.IsContent());
}

TEST_F(WatchdogTest, IsNotContentWithACallThatKeepsARoleWaiting) {
  db_.calling = milliseconds(30'001);
  EXPECT_FALSE(watchdog_.IsContent());
  db_.has_valid = true;  // the old credentials are still valid
  EXPECT_TRUE(watchdog_.IsContent());
}

TEST_F(WatchdogTest, IsContentWithWhatARestartWouldNotMend) {
  since_turn_ = milliseconds(3000);
  web_.failure = ErrorCode::kNetwork;
  db_.calling = seconds(30);
  EXPECT_TRUE(watchdog_.IsContent());
}

}  // namespace
}  // namespace credmint::daemon
