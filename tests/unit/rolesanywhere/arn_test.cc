// SPDX-License-Identifier: Apache-2.0
#include "rolesanywhere/arn.h"

#include <gtest/gtest.h>

namespace credmint {
namespace {

constexpr const char* kTrustAnchorText =
    "arn:aws:rolesanywhere:us-east-1:111122223333:trust-anchor/"
    "00000000-0000-4000-8000-000000000002";
constexpr const char* kProfileText =
    "arn:aws:rolesanywhere:us-east-1:111122223333:profile/00000000-0000-4000-8000-000000000001";
constexpr const char* kRoleText = "arn:aws:iam::111122223333:role/path/demo";

TEST(ArnTest, RefusesWhatHasNotSixFields) {
  struct Case {
    const char* text;
    const char* message;
  };
  for (const Case& c : {
           Case{"", "'' is not an ARN: it has fewer than six fields between colons"},
           Case{"arn:aws:iam::1",
                "'arn:aws:iam::1' is not an ARN: it has fewer than six fields "
                "between colons"},
           Case{"ARN:aws:iam::1:r",
                "'ARN:aws:iam::1:r' is not an ARN: it does not begin with "
                "'arn:'"},
           Case{"arn::iam::1:r", "'arn::iam::1:r' is not an ARN: it names no partition"},
           Case{"arn:aws:::1:r", "'arn:aws:::1:r' is not an ARN: it names no service"},
           Case{"arn:aws:iam::1:", "'arn:aws:iam::1:' is not an ARN: it names no resource"},
           Case{"arn:aws:iam::1:r r",
                "'arn:aws:iam::1:r r' is not an ARN: it contains a blank or "
                "a character outside ASCII"},
           Case{"arn:aws:iam::1:r\n",
                "text of several lines is not an ARN: it contains a blank or a "
                "character outside ASCII"},
       }) {
    const Result<Arn> arn = ParseArn(c.text);
    ASSERT_FALSE(arn) << c.text;
    EXPECT_EQ(arn.error().code, ErrorCode::kUsage);
    EXPECT_EQ(arn.error().message, c.message);
  }
}

TEST(ArnTest, SplitsAnArn) {
  const Result<Arn> arn = ParseArn("arn:aws-cn:sts::111122223333:assumed-role/demo/a:b");
  ASSERT_TRUE(arn);
  EXPECT_EQ(arn->text, "arn:aws-cn:sts::111122223333:assumed-role/demo/a:b");
  EXPECT_EQ(arn->partition, "aws-cn");
  EXPECT_EQ(arn->service, "sts");
  EXPECT_EQ(arn->region, "");
  EXPECT_EQ(arn->account, "111122223333");
  EXPECT_EQ(arn->resource, "assumed-role/demo/a:b");
}

TEST(ArnTest, RefusesWhatIsNotATrustAnchor) {
  struct Case {
    const char* text;
    const char* problem;
  };
  for (const Case& c : {
           Case{"x", "it has fewer than six fields between colons"},
           Case{kProfileText,
                "its resource is 'profile/00000000-0000-4000-8000-000000000001', "
                "not 'trust-anchor/...'"},
           Case{kRoleText, "its service is 'iam', not 'rolesanywhere'"},
           Case{"arn:other:rolesanywhere:us-east-1:111122223333:trust-anchor/x",
                "its partition is 'other', not 'aws' or 'aws-...'"},
           Case{"arn:aws-:rolesanywhere:us-east-1:111122223333:trust-anchor/x",
                "its partition is 'aws-', not 'aws' or 'aws-...'"},
           Case{"arn:aws:rolesanywhere::111122223333:trust-anchor/x", "it names no region"},
           Case{"arn:aws:rolesanywhere:us-east-1::trust-anchor/x",
                "its account is '', not twelve digits"},
           Case{"arn:aws:rolesanywhere:us-east-1:11112222333:trust-anchor/x",
                "its account is '11112222333', not twelve digits"},
           Case{"arn:aws:rolesanywhere:us-east-1:11112222333x:trust-anchor/x",
                "its account is '11112222333x', not twelve digits"},
           Case{"arn:aws:rolesanywhere:us-east-1:111122223333:trust-anchor/",
                "its resource is 'trust-anchor/', not 'trust-anchor/...'"},
       }) {
    const Result<Arn> arn = ParseTrustAnchorArn(c.text);
    ASSERT_FALSE(arn) << c.text;
    EXPECT_EQ(arn.error().code, ErrorCode::kUsage);
    EXPECT_EQ(arn.error().message,
              "'" + std::string(c.text) + "' is not the ARN of a trust anchor: " + c.problem);
  }
}

TEST(ArnTest, RefusesWhatIsNotAProfileOrARole) {
  EXPECT_EQ(ParseProfileArn(kTrustAnchorText).error().message,
            "'" + std::string(kTrustAnchorText) +
                "' is not the ARN of a profile: its resource is "
                "'trust-anchor/00000000-0000-4000-8000-000000000002', not 'profile/...'");
  EXPECT_EQ(ParseRoleArn("arn:aws:iam::111122223333:user/demo").error().message,
            "'arn:aws:iam::111122223333:user/demo' is not the ARN of a role: its resource is "
            "'user/demo', not 'role/...'");
  EXPECT_EQ(ParseRoleArn("arn:aws:iam:us-east-1:111122223333:role/demo").error().message,
            "'arn:aws:iam:us-east-1:111122223333:role/demo' is not the ARN of a role: it names a "
            "region, 'us-east-1'");
}

TEST(ArnTest, LimitsTheLength) {
  const std::string prefix = "arn:aws:iam::111122223333:role/";
  EXPECT_TRUE(ParseRoleArn(prefix + std::string(1011 - prefix.size(), 'x')));
  const Result<Arn> arn = ParseRoleArn(prefix + std::string(1012 - prefix.size(), 'x'));
  ASSERT_FALSE(arn);
  EXPECT_EQ(arn.error().message,
            "text of 1012 bytes is not the ARN of a role: it is longer than 1011 characters");
}

TEST(ArnTest, AcceptsTheThreeKindsInEveryPartition) {
  ASSERT_TRUE(ParseTrustAnchorArn(kTrustAnchorText));
  ASSERT_TRUE(ParseProfileArn(kProfileText));
  ASSERT_TRUE(ParseRoleArn(kRoleText));
  EXPECT_EQ(ParseTrustAnchorArn(kTrustAnchorText)->region, "us-east-1");
  EXPECT_EQ(ParseProfileArn(kProfileText)->account, "111122223333");
  EXPECT_EQ(ParseRoleArn(kRoleText)->resource, "role/path/demo");
  EXPECT_TRUE(ParseRoleArn("arn:aws-us-gov:iam::111122223333:role/demo"));
}

}  // namespace
}  // namespace credmint
