// SPDX-License-Identifier: Apache-2.0
#include "base/timestamp.h"

#include <gtest/gtest.h>

#include <string>

namespace credmint {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

TimePoint At(long long unix_seconds) { return TimePoint(seconds(unix_seconds)); }

TEST(TimestampTest, RefusesWhatIsNotRfc3339) {
  for (const char* text : {
           "",
           "2026",
           "2026-01-31",
           "2026-01-31T12:00:00",
           "2026-01-31 12:00:00Z",
           "2026-01-31T12:00Z",
           "2026-1-31T12:00:00Z",
           "20260131T120000Z",
           "2026-01-31T12:00:00Z ",
           " 2026-01-31T12:00:00Z",
           "2026-01-31T12:00:00ZZ",
           "2026-01-31T12:00:00.Z",
           "2026-01-31T12:00:00,5Z",
           "2026-01-31T12:00:00.5",
           "2026-01-31T12:00:00+1:00",
           "2026-01-31T12:00:00+0100",
           "2026-01-31T12:00:00+24:00",
           "2026-01-31T12:00:00+01:60",
           "2026-01-31T12:00:00 +01:00",
           "2026-00-31T12:00:00Z",
           "2026-13-31T12:00:00Z",
           "2026-01-00T12:00:00Z",
           "2026-04-31T12:00:00Z",
           "2025-02-29T12:00:00Z",
           "2026-01-31T24:00:00Z",
           "2026-01-31T12:60:00Z",
           "2026-01-31T12:00:61Z",
           "+026-01-31T12:00:00Z",
           "2026-01-31T12:00:-1Z",
           "1969-12-31T23:59:59Z",
           "2262-01-01T00:00:00Z",
           "9999-12-31T23:59:59Z",
       }) {
    const Result<TimePoint> time = ParseTimestamp(text);
    ASSERT_FALSE(time) << text;
    EXPECT_EQ(time.error().code, ErrorCode::kMalformed) << text;
  }
}

TEST(TimestampTest, RefusesATimeThatIsInAnotherYearInUtc) {
  for (const char* text :
       {"1970-01-01T00:00:00+00:01", "2261-12-31T23:59:00-00:01", "2261-12-31T23:59:60Z"}) {
    EXPECT_FALSE(ParseTimestamp(text)) << text;
  }
  EXPECT_TRUE(ParseTimestamp("1970-01-01T00:01:00+00:01"));
  EXPECT_TRUE(ParseTimestamp("2261-12-31T23:58:59-00:01"));
  EXPECT_FALSE(ParseHttpDate("Tue, 31 Dec 2261 23:59:60 GMT"));
}

TEST(TimestampTest, SaysWhatATimestampLooksLike) {
  EXPECT_EQ(ParseTimestamp("to\nday").error().message,
            "'to day' is not a timestamp like 2026-01-31T12:00:00Z");
}

TEST(TimestampTest, ParsesRfc3339) {
  struct Case {
    const char* text;
    TimePoint time;
  };
  for (const Case& c : {
           Case{"1970-01-01T00:00:00Z", At(0)},
           Case{"2026-01-01T12:00:00Z", At(1767268800)},
           Case{"2026-01-01t12:00:00z", At(1767268800)},
           Case{"2024-02-29T23:59:59Z", At(1709251199)},
           Case{"2026-01-01T12:00:00+00:00", At(1767268800)},
           Case{"2026-01-01T12:00:00-00:00", At(1767268800)},
           Case{"2026-01-01T14:30:00+02:30", At(1767268800)},
           Case{"2025-12-31T23:00:00-13:00", At(1767268800)},
           Case{"2016-12-31T23:59:60Z", At(1483228800)},
           Case{"2026-01-01T12:00:00.25Z", At(1767268800) + milliseconds(250)},
           Case{"2026-01-01T12:00:00.250+00:00", At(1767268800) + milliseconds(250)},
           Case{"2026-01-01T12:00:00.000000001Z", At(1767268800) + nanoseconds(1)},
           Case{"2026-01-01T12:00:00.0000000019Z", At(1767268800) + nanoseconds(1)},
           Case{"2261-12-31T23:59:59Z", At(9214646399)},
       }) {
    const Result<TimePoint> time = ParseTimestamp(c.text);
    ASSERT_TRUE(time) << c.text;
    EXPECT_EQ(*time, c.time) << c.text;
  }
}

TEST(TimestampTest, RefusesWhatIsNotAnImfFixdate) {
  for (const char* text : {
           "",
           "Sun, 06 Nov 1994 08:49:37",
           "Sun, 06 Nov 1994 08:49:37 UTC",
           "Sun, 06 Nov 1994 08:49:37 GMT ",
           "Sun, 6 Nov 1994 08:49:37 GMT",
           "Mon, 06 Nov 1994 08:49:37 GMT",
           "sun, 06 nov 1994 08:49:37 GMT",
           "Sun, 06 Foo 1994 08:49:37 GMT",
           "Sun, 06 Nov 1994 25:49:37 GMT",
           "Fri, 31 Apr 2026 08:49:37 GMT",
           "Sunday, 06-Nov-94 08:49:37 GMT",
           "Sun Nov  6 08:49:37 1994",
           "1994-11-06T08:49:37Z",
       }) {
    const Result<TimePoint> time = ParseHttpDate(text);
    ASSERT_FALSE(time) << text;
    EXPECT_EQ(time.error().code, ErrorCode::kMalformed) << text;
  }
}

TEST(TimestampTest, ParsesEveryMonthOfAnHttpDate) {
  EXPECT_EQ(ParseHttpDate("Sun, 06 Nov 1994 08:49:37 GMT"), At(784111777));
  EXPECT_EQ(ParseHttpDate("Thu, 01 Jan 2026 12:00:00 GMT"), At(1767268800));
  EXPECT_EQ(ParseHttpDate("Thu, 31 Dec 2026 23:59:59 GMT"), At(1798761599));
}

TEST(TimestampTest, FormatsWholeSeconds) {
  EXPECT_EQ(FormatTimestamp(At(0)), "1970-01-01T00:00:00Z");
  EXPECT_EQ(FormatTimestamp(At(1767268800)), "2026-01-01T12:00:00Z");
  EXPECT_EQ(FormatTimestamp(At(1709251199)), "2024-02-29T23:59:59Z");
  EXPECT_EQ(FormatBasicTimestamp(At(1767268800)), "20260101T120000Z");
  EXPECT_EQ(FormatBasicTimestamp(At(1709251199)), "20240229T235959Z");
}

TEST(TimestampTest, RoundsDown) {
  EXPECT_EQ(FormatTimestamp(At(1767268800) + milliseconds(999)), "2026-01-01T12:00:00Z");
  EXPECT_EQ(FormatTimestamp(At(0) - milliseconds(1)), "1969-12-31T23:59:59Z");
}

}  // namespace
}  // namespace credmint
