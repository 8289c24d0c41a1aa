// SPDX-License-Identifier: Apache-2.0
#include "base/random_text.h"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <string>

namespace credmint {
namespace {

TEST(RandomTextTest, RefusesMoreThanItCanPromise) { EXPECT_FALSE(RandomHex(257)); }

TEST(RandomTextTest, IsNeverTheSame) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) seen.emplace(RandomHex(32)->Reveal());
  EXPECT_EQ(seen.size(), 1000U);
}

TEST(RandomTextTest, UsesEveryDigitInEveryPlace) {
  std::array<std::set<char>, 8> digits;
  for (int i = 0; i < 1000; ++i) {
    const auto text = RandomHex(4);
    ASSERT_EQ(text->size(), 8U);
    for (std::size_t place = 0; place < 8; ++place) digits[place].insert(text->Reveal()[place]);
  }
  const std::string all = "0123456789abcdef";
  for (const auto& seen : digits) EXPECT_EQ(seen, std::set<char>(all.begin(), all.end()));
}

}  // namespace
}  // namespace credmint
