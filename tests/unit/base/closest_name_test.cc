// SPDX-License-Identifier: Apache-2.0
#include "base/closest_name.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace credmint {
namespace {

constexpr std::array<std::string_view, 4> kNames = {"role-arn", "region", "endpoint", "cache"};

TEST(ClosestName, FindsWhatWasMeant) {
  EXPECT_EQ(ClosestName("role_arn", kNames), "role-arn");
  EXPECT_EQ(ClosestName("rolearn", kNames), "role-arn");
  EXPECT_EQ(ClosestName("regoin", kNames), "region");
  EXPECT_EQ(ClosestName("endpoints", kNames), "endpoint");
  EXPECT_EQ(ClosestName("cahce", kNames), "cache");
  EXPECT_EQ(ClosestName("ach", kNames), "");
  EXPECT_EQ(ClosestName("cach", kNames), "cache");
}

TEST(ClosestName, FindsNothingInSomethingElse) {
  for (const std::string& other :
       {std::string(), std::string("x"), std::string("duration"), std::string(10000, 'r')}) {
    EXPECT_EQ(ClosestName(other, kNames), "") << other.substr(0, 20);
  }
  EXPECT_EQ(ClosestName("region", {}), "");
}

TEST(ClosestName, ElseAllAreNamed) {
  EXPECT_EQ(DidYouMean("regoin", kNames), "did you mean 'region'?");
  EXPECT_EQ(DidYouMean("colour", kNames), "possible: role-arn, region, endpoint, cache");
}

}  // namespace
}  // namespace credmint
