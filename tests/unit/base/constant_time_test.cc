// SPDX-License-Identifier: Apache-2.0
#include "base/constant_time.h"

#include <gtest/gtest.h>

#include <string>

namespace credmint {
namespace {

TEST(ConstantTimeTest, TellsOtherTexts) {
  EXPECT_FALSE(EqualInConstantTime("secret", "Secret"));
  EXPECT_FALSE(EqualInConstantTime("secret", "secreT"));
  EXPECT_FALSE(EqualInConstantTime("secret", "secre"));
  EXPECT_FALSE(EqualInConstantTime("secret", "secret1"));
  EXPECT_FALSE(EqualInConstantTime("secret", ""));
}

TEST(ConstantTimeTest, TwoDifferencesDoNotMakeUpForEachOther) {
  EXPECT_FALSE(EqualInConstantTime("ab", "ba"));
  EXPECT_FALSE(EqualInConstantTime(std::string(2, '\x80'), std::string(2, '\0')));
}

TEST(ConstantTimeTest, TellsTheSameText) {
  EXPECT_TRUE(EqualInConstantTime("secret", std::string("secret")));
  EXPECT_TRUE(EqualInConstantTime("", ""));
}

}  // namespace
}  // namespace credmint
