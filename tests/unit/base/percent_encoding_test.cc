// SPDX-License-Identifier: Apache-2.0
#include "base/percent_encoding.h"

#include <gtest/gtest.h>

namespace credmint {
namespace {

TEST(PercentEncodingTest, EncodesAllButTheUnreserved) {
  EXPECT_EQ(PercentEncode("AZaz09-_.~"), "AZaz09-_.~");
  EXPECT_EQ(PercentEncode(" +/=%:&\n\x7f\xc3\xa9"), "%20%2B%2F%3D%25%3A%26%0A%7F%C3%A9");
  EXPECT_EQ(PercentEncode(std::string_view("\0", 1)), "%00");
  EXPECT_EQ(PercentEncode("a/b c", "/"), "a/b%20c");
}

TEST(PercentEncodingTest, LeavesBrokenEscapesAlone) {
  for (const char* text : {"%", "%4", "%zz", "%4g", "a%", "100%+"}) {
    EXPECT_EQ(PercentDecode(text), text);
  }
}

TEST(PercentEncodingTest, Decodes) {
  EXPECT_EQ(PercentDecode("%41%7a%2F+%c3%A9%25"), "Az/+\xc3\xa9%");
  EXPECT_EQ(PercentDecode("%00"), std::string(1, '\0'));
  EXPECT_EQ(PercentDecode("%2541"), "%41");
}

}  // namespace
}  // namespace credmint
