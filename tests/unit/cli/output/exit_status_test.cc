// SPDX-License-Identifier: Apache-2.0
#include "cli/output/exit_status.h"

#include <gtest/gtest.h>

#include <ostream>

namespace credmint::cli {
namespace {

// Scripts depend on these numbers.
TEST(ExitStatusTest, HasFixedNumbers) {
  EXPECT_EQ(static_cast<int>(ExitStatus::kSuccess), 0);
  EXPECT_EQ(static_cast<int>(ExitStatus::kInternal), 1);
  EXPECT_EQ(static_cast<int>(ExitStatus::kUsage), 2);
  EXPECT_EQ(static_cast<int>(ExitStatus::kKey), 3);
  EXPECT_EQ(static_cast<int>(ExitStatus::kCertificate), 4);
  EXPECT_EQ(static_cast<int>(ExitStatus::kService), 5);
  EXPECT_EQ(static_cast<int>(ExitStatus::kNetwork), 6);
  EXPECT_EQ(static_cast<int>(ExitStatus::kLocalIo), 7);
}

struct Case {
  ErrorCode code;
  ExitStatus status;
};

void PrintTo(const Case& test_case, std::ostream* out) { *out << static_cast<int>(test_case.code); }

class ExitStatusOfTest : public testing::TestWithParam<Case> {};

TEST_P(ExitStatusOfTest, IsTheClassOfTheFailure) {
  EXPECT_EQ(ExitStatusOf(GetParam().code), GetParam().status);
}

INSTANTIATE_TEST_SUITE_P(Codes, ExitStatusOfTest,
                         testing::Values(Case{ErrorCode::kInternal, ExitStatus::kInternal},
                                         Case{ErrorCode::kDeviceLost, ExitStatus::kKey},
                                         Case{ErrorCode::kPolicyUnmet, ExitStatus::kKey},
                                         Case{ErrorCode::kUsage, ExitStatus::kUsage},
                                         Case{ErrorCode::kLocalIo, ExitStatus::kLocalIo},
                                         Case{ErrorCode::kMalformed, ExitStatus::kKey},
                                         Case{ErrorCode::kKeyNotFound, ExitStatus::kKey},
                                         Case{ErrorCode::kKeyAmbiguous, ExitStatus::kKey},
                                         Case{ErrorCode::kKeyUnusable, ExitStatus::kKey},
                                         Case{ErrorCode::kModule, ExitStatus::kKey},
                                         Case{ErrorCode::kDevice, ExitStatus::kKey},
                                         Case{ErrorCode::kTokenAbsent, ExitStatus::kKey},
                                         Case{ErrorCode::kModuleFailed, ExitStatus::kKey},
                                         Case{ErrorCode::kPinRequired, ExitStatus::kKey},
                                         Case{ErrorCode::kSecretUnreadable, ExitStatus::kKey},
                                         Case{ErrorCode::kContextPinRequired, ExitStatus::kKey},
                                         Case{ErrorCode::kPinIncorrect, ExitStatus::kKey},
                                         Case{ErrorCode::kPinLocked, ExitStatus::kKey},
                                         Case{ErrorCode::kLockedOut, ExitStatus::kKey},
                                         Case{ErrorCode::kCertificate, ExitStatus::kCertificate},
                                         Case{ErrorCode::kKeyMismatch, ExitStatus::kCertificate},
                                         Case{ErrorCode::kNetwork, ExitStatus::kNetwork},
                                         Case{ErrorCode::kTimeout, ExitStatus::kNetwork},
                                         Case{ErrorCode::kTls, ExitStatus::kNetwork},
                                         Case{ErrorCode::kServiceRefused, ExitStatus::kService},
                                         Case{ErrorCode::kServiceBusy, ExitStatus::kService},
                                         Case{ErrorCode::kServiceAnswer, ExitStatus::kService}));

// An error queue may contain a number that no version of credmint has defined.
TEST(ExitStatusTest, UnknownCodeIsADefect) {
  EXPECT_EQ(ExitStatusOf(static_cast<ErrorCode>(0)), ExitStatus::kInternal);
  EXPECT_EQ(ExitStatusOf(static_cast<ErrorCode>(999)), ExitStatus::kInternal);
}

}  // namespace
}  // namespace credmint::cli
