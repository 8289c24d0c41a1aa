// SPDX-License-Identifier: Apache-2.0
#include "http/message.h"

#include <gtest/gtest.h>

namespace credmint {
namespace {

TEST(MessageTest, FindsNoHeaderThatIsNotThere) {
  EXPECT_EQ(FindHeader({}, "Date"), std::nullopt);
  EXPECT_EQ(FindHeader({{"Dat", "a"}, {"Date-Of", "b"}}, "Date"), std::nullopt);
}

TEST(MessageTest, FindsTheFirstHeaderInAnyCase) {
  EXPECT_EQ(FindHeader({{"Server", "x"}, {"dAtE", "a"}, {"Date", "b"}}, "Date"), "a");
}

TEST(MessageTest, CountsOnly2xxAsSuccess) {
  for (const int status : {0, 199, 300, 302, 404, 500}) EXPECT_FALSE(IsSuccess({status, {}, {}}));
  for (const int status : {200, 201, 299}) EXPECT_TRUE(IsSuccess({status, {}, {}}));
}

}  // namespace
}  // namespace credmint
