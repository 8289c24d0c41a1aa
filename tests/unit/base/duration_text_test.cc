// SPDX-License-Identifier: Apache-2.0
#include "base/duration_text.h"

#include <gtest/gtest.h>

namespace credmint {
namespace {

using namespace std::chrono_literals;

TEST(DurationText, RefusesOtherText) {
  for (const char* text :
       {"",       "h",     "3600", "1w",   "1x",   "1H",    "h1",     "1hh", "1h 30m",
        " 1h",    "1h ",   "-1h",  "+1h",  "1h30", "30m1h", "1s1s",   "1.h", ".5h",
        "1.5.5h", "0x10s", "1e3s", "1,5h", "inf",  "nan",   "1h-30m", "١h"}) {
    EXPECT_EQ(ParseDuration(text), std::nullopt) << text;
  }
  EXPECT_EQ(ParseDuration(std::string_view("1h\0", 3)), std::nullopt);
}

/// Rounding the first to 0 would turn a short limit into none.
TEST(DurationText, RefusesMoreThanItKeeps) {
  EXPECT_EQ(ParseDuration("0.0001s"), std::nullopt);
  EXPECT_EQ(ParseDuration("1000000000h"), std::nullopt);
}

TEST(DurationText, ReadsUnits) {
  EXPECT_EQ(ParseDuration("1d"), 86400s);
  EXPECT_EQ(ParseDuration("1d12h"), 129600s);
  EXPECT_EQ(ParseDuration("1h"), 3600s);
  EXPECT_EQ(ParseDuration("90m"), 5400s);
  EXPECT_EQ(ParseDuration("3600s"), 3600s);
  EXPECT_EQ(ParseDuration("1h30m"), 5400s);
  EXPECT_EQ(ParseDuration("1h5s"), 3605s);
  EXPECT_EQ(ParseDuration("2h3m4s"), 7384s);
  EXPECT_EQ(ParseDuration("0s"), 0s);
  EXPECT_EQ(ParseDuration("007m"), 420s);
}

TEST(DurationText, ReadsDecimals) {
  EXPECT_EQ(ParseDuration("1.5h"), 5400s);
  EXPECT_EQ(ParseDuration("0.1h"), 360s);
  EXPECT_EQ(ParseDuration("0.001s"), 1ms);
  EXPECT_EQ(ParseDuration("999999999.999h"), 3599999999996400ms);
}

}  // namespace
}  // namespace credmint
