// SPDX-License-Identifier: Apache-2.0
#include "serve/health/user_records.h"

#include <gtest/gtest.h>

namespace credmint::serve {
namespace {

constexpr uid_t kMost = UserRecords::kMost;

TEST(UserRecordsTest, TellsTheFirstOfEachUser) {
  UserRecords records;
  for (const UserRecords::User user : {UserRecords::User(0), UserRecords::User(33), {}}) {
    EXPECT_EQ(records.AddRefused(user), UserNews::kFirst);
    EXPECT_EQ(records.AddRefused(user), UserNews::kNone);
    EXPECT_EQ(records.AddGiven("web", user), UserNews::kFirst);
    EXPECT_EQ(records.AddGiven("db", user), UserNews::kFirst);
    EXPECT_EQ(records.AddGiven("web", user), UserNews::kNone);
  }
}

TEST(UserRecordsTest, CountsRefusalsOfUsersBeyondTheMost) {
  UserRecords records;
  for (uid_t user = 0; user < kMost; ++user) EXPECT_EQ(records.AddRefused(user), UserNews::kFirst);
  EXPECT_EQ(records.AddRefused(kMost), UserNews::kNotRecorded);
  EXPECT_EQ(records.AddRefused(kMost), UserNews::kNotRecorded);
  EXPECT_EQ(records.AddRefused(0), UserNews::kNone);
  EXPECT_EQ(records.refusals(), kMost + 3);
}

TEST(UserRecordsTest, TellsAgainWhatNobodyCouldBeTold) {
  UserRecords records;
  records.AddRefused(33);
  records.AddGiven("web", 33);
  records.ForgetRefusedNews(33);
  records.ForgetGivenNews("web", 33);
  EXPECT_EQ(records.AddRefused(33), UserNews::kFirst);
  EXPECT_EQ(records.AddGiven("web", 33), UserNews::kFirst);
  EXPECT_EQ(records.AddGiven("web", 33), UserNews::kNone);
  EXPECT_EQ((records.given()[{"web", 33}]), 3);
  EXPECT_EQ(records.refusals(), 2);
}

TEST(UserRecordsTest, CountsKnownUsersBeyondTheMost) {
  UserRecords records;
  for (uid_t user = 0; user < kMost; ++user) records.AddGiven("web", user);
  EXPECT_EQ(records.AddGiven("web", kMost), UserNews::kNotRecorded);
  EXPECT_EQ(records.AddGiven("db", 0), UserNews::kNotRecorded);
  EXPECT_EQ(records.AddGiven("web", 0), UserNews::kNone);
  EXPECT_EQ(records.given().size(), UserRecords::kMost);
  EXPECT_EQ((records.given()[{"web", 0}]), 2);
}

}  // namespace
}  // namespace credmint::serve
