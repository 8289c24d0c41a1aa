// SPDX-License-Identifier: Apache-2.0
#include "serve/request.h"

#include <gtest/gtest.h>

namespace credmint::serve {
namespace {

Request Example() { return {"GET", "/", {{"Host", "a"}, {"Token", "1"}, {"token", "2"}}}; }

TEST(RequestTest, HasNoHeaderThatStandsTwice) {
  EXPECT_EQ(FindHeader(Example(), "TOKEN"), std::nullopt);
  EXPECT_TRUE(HasHeader(Example(), "TOKEN"));
}

TEST(RequestTest, HasNoHeaderOfAnotherName) {
  EXPECT_EQ(FindHeader(Example(), "Hos"), std::nullopt);
  EXPECT_EQ(FindHeader(Example(), "Hosts"), std::nullopt);
  EXPECT_FALSE(HasHeader(Example(), "Hos"));
}

TEST(RequestTest, FindsAHeaderInAnyCase) { EXPECT_EQ(FindHeader(Example(), "hOST"), "a"); }

}  // namespace
}  // namespace credmint::serve
