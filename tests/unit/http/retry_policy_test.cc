// SPDX-License-Identifier: Apache-2.0
#include "http/retry_policy.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace credmint {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// 2026-01-01T12:00:00Z
constexpr TimePoint kNow{seconds(1767268800)};

struct AnswerCase {
  const char* name;
  int status;
  const char* code;
  bool retryable;
};

class RetryAnswerTest : public testing::TestWithParam<AnswerCase> {};

TEST_P(RetryAnswerTest, IsDecidedByStatusAndCode) {
  EXPECT_EQ(IsRetryable(GetParam().status, GetParam().code), GetParam().retryable);
}

INSTANTIATE_TEST_SUITE_P(
    All, RetryAnswerTest,
    testing::Values(AnswerCase{"AccessDenied", 403, "AccessDeniedException", false},
                    AnswerCase{"NotFound", 404, "ResourceNotFoundException", false},
                    AnswerCase{"Validation", 400, "ValidationException", false},
                    AnswerCase{"UnknownCode", 400, "UnknownError", false},
                    AnswerCase{"NoCode", 403, "", false}, AnswerCase{"Redirect", 302, "", false},
                    AnswerCase{"ProxyAuthentication", 407, "", false},
                    AnswerCase{"NotImplemented", 501, "", false},
                    AnswerCase{"CodeThatOnlyBeginsLikeOne", 400, "ThrottlingExceptionX", false},
                    AnswerCase{"TooManyRequests", 429, "", true},
                    AnswerCase{"ServerFault", 500, "InternalServerException", true},
                    AnswerCase{"BadGateway", 502, "", true},
                    AnswerCase{"Unavailable", 503, "AccessDeniedException", true},
                    AnswerCase{"GatewayTimeout", 504, "", true},
                    AnswerCase{"BandwidthStatus", 509, "", true},
                    AnswerCase{"ThrottlingOn400", 400, "ThrottlingException", true},
                    AnswerCase{"ThrottlingInAnyCase", 403, "throttlingexception", true},
                    AnswerCase{"RequestTimeout", 400, "RequestTimeout", true},
                    AnswerCase{"SlowDown", 400, "SlowDown", true},
                    AnswerCase{"LastOfTheTable", 400, "EC2ThrottledException", true}),
    [](const auto& each) { return each.param.name; });

TEST(RetryFailureTest, IsDecidedByErrorCode) {
  for (const ErrorCode code :
       {ErrorCode::kInternal, ErrorCode::kUsage, ErrorCode::kLocalIo, ErrorCode::kDevice,
        ErrorCode::kPinIncorrect, ErrorCode::kCertificate, ErrorCode::kTls,
        ErrorCode::kServiceRefused, ErrorCode::kServiceAnswer}) {
    EXPECT_FALSE(IsRetryable(code)) << static_cast<int>(code);
  }
  for (const ErrorCode code : {ErrorCode::kNetwork, ErrorCode::kTimeout, ErrorCode::kServiceBusy}) {
    EXPECT_TRUE(IsRetryable(code)) << static_cast<int>(code);
  }
}

struct DelayCase {
  const char* name;
  int attempt;
  double random;
  std::optional<milliseconds> retry_after;
  milliseconds delay;
};

class RetryDelayTest : public testing::TestWithParam<DelayCase> {};

TEST_P(RetryDelayTest, IsExact) {
  const DelayCase& c = GetParam();
  EXPECT_EQ(RetryDelay(c.attempt, c.random, c.retry_after), c.delay);
}

INSTANTIATE_TEST_SUITE_P(
    All, RetryDelayTest,
    testing::Values(
        DelayCase{"SecondAttemptNoLuck", 2, 0.0, std::nullopt, milliseconds(0)},
        DelayCase{"SecondAttemptHalf", 2, 0.5, std::nullopt, milliseconds(250)},
        DelayCase{"SecondAttemptMost", 2, 0.999, std::nullopt, milliseconds(499)},
        DelayCase{"ThirdAttemptHalf", 3, 0.5, std::nullopt, milliseconds(500)},
        DelayCase{"FourthAttemptHalf", 4, 0.5, std::nullopt, milliseconds(1000)},
        DelayCase{"FifthAttemptHalf", 5, 0.5, std::nullopt, milliseconds(2000)},
        DelayCase{"SixthAttemptIsCapped", 6, 0.5, std::nullopt, milliseconds(2500)},
        DelayCase{"ThousandthAttemptIsCapped", 1000, 0.5, std::nullopt, milliseconds(2500)},
        DelayCase{"RetryAfterIsTheLeast", 2, 0.5, seconds(3), seconds(3)},
        DelayCase{"RetryAfterBelowTheJitter", 3, 0.5, milliseconds(100), milliseconds(500)},
        DelayCase{"RetryAfterAtTheCap", 2, 0.0, seconds(5), seconds(5)},
        DelayCase{"RetryAfterBeyondTheCap", 2, 0.0, seconds(3600), seconds(5)},
        DelayCase{"RetryAfterZero", 2, 0.5, seconds(0), milliseconds(250)}),
    [](const auto& each) { return each.param.name; });

struct RetryAfterCase {
  const char* name;
  const char* value;
  std::optional<milliseconds> delay;
};

class RetryAfterTest : public testing::TestWithParam<RetryAfterCase> {};

TEST_P(RetryAfterTest, IsSecondsOrDate) {
  EXPECT_EQ(ParseRetryAfter(GetParam().value, kNow), GetParam().delay);
}

INSTANTIATE_TEST_SUITE_P(
    All, RetryAfterTest,
    testing::Values(RetryAfterCase{"Empty", "", std::nullopt},
                    RetryAfterCase{"Word", "soon", std::nullopt},
                    RetryAfterCase{"Negative", "-1", std::nullopt},
                    RetryAfterCase{"Fraction", "1.5", std::nullopt},
                    RetryAfterCase{"TrailingText", "1 s", std::nullopt},
                    RetryAfterCase{"TooLarge", "99999999999999999999", std::nullopt},
                    RetryAfterCase{"Rfc3339", "2026-01-01T12:00:05Z", std::nullopt},
                    RetryAfterCase{"Zero", "0", seconds(0)},
                    RetryAfterCase{"Seconds", "7", seconds(7)},
                    RetryAfterCase{"Date", "Thu, 01 Jan 2026 12:00:05 GMT", seconds(5)},
                    RetryAfterCase{"PastDate", "Thu, 01 Jan 2026 11:59:00 GMT", seconds(0)}),
    [](const auto& each) { return each.param.name; });

}  // namespace
}  // namespace credmint
