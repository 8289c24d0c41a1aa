// SPDX-License-Identifier: Apache-2.0
#include "credentials/refresh_schedule.h"

#include <gtest/gtest.h>

#include <vector>

namespace credmint {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(RefreshScheduleTest, LeadsByHalfOfTheLifetimeWithinItsBounds) {
  EXPECT_EQ(RefreshLead(seconds(0), 0), minutes(5));
  EXPECT_EQ(RefreshLead(minutes(9), 0), minutes(5));
  EXPECT_EQ(RefreshLead(minutes(10), 0), minutes(5));
  EXPECT_EQ(RefreshLead(minutes(15), 0), minutes(7) + seconds(30));
  EXPECT_EQ(RefreshLead(minutes(50), 0), minutes(25));
  EXPECT_EQ(RefreshLead(minutes(60), 0), minutes(25));
  EXPECT_EQ(RefreshLead(minutes(90) - milliseconds(1), 0), minutes(25));
  EXPECT_EQ(RefreshLead(minutes(90), 0), minutes(60));
  EXPECT_EQ(RefreshLead(hours(2), 0), minutes(60));
  EXPECT_EQ(RefreshLead(hours(3), 0), minutes(90));
  EXPECT_EQ(RefreshLead(hours(12), 0), hours(6));
}

TEST(RefreshScheduleTest, LeadsByUpToAQuarterMore) {
  EXPECT_EQ(RefreshLead(minutes(15), 0.5), minutes(8) + milliseconds(26'250));
  EXPECT_EQ(RefreshLead(hours(1), 0.8), minutes(30));
  EXPECT_EQ(RefreshLead(minutes(90), 0.8), minutes(72));
  EXPECT_EQ(RefreshLead(hours(12), 0.5), hours(6) + minutes(45));
  EXPECT_LT(RefreshLead(hours(12), 0.999'999), hours(7) + minutes(30));
}

TEST(RefreshScheduleTest, CallsShortWhatHasItsHalfBelowFiveMinutes) {
  EXPECT_TRUE(IsShort(seconds(0)));
  EXPECT_TRUE(IsShort(minutes(10) - milliseconds(2)));
  EXPECT_FALSE(IsShort(minutes(10)));
  EXPECT_FALSE(IsShort(minutes(15)));
}

TEST(RefreshScheduleTest, AsksAServiceThatSendsShortOnesWithGrowingSpacing) {
  EXPECT_EQ(SpacingAfterSuccess(minutes(60), 0), seconds(1));
  std::vector<milliseconds> spacings;
  for (int n = 1; n <= 7; ++n) {
    spacings.push_back(SpacingAfterSuccess(minutes(10) - seconds(1), n));
  }
  EXPECT_EQ(spacings, (std::vector<milliseconds>{seconds(15), seconds(30), seconds(60),
                                                 seconds(120), seconds(240), milliseconds(299'500),
                                                 milliseconds(299'500)}));
}

TEST(RefreshScheduleTest, AsksBeforeShortOnesExpire) {
  EXPECT_EQ(SpacingAfterSuccess(seconds(40), 1), seconds(15));
  EXPECT_EQ(SpacingAfterSuccess(seconds(40), 2), seconds(20));
  EXPECT_EQ(SpacingAfterSuccess(seconds(40), 2'000'000'000), seconds(20));
  EXPECT_EQ(SpacingAfterSuccess(milliseconds(100), 5), seconds(1));
}

TEST(RefreshScheduleTest, RetriesWithGrowingSpacing) {
  const Error error{ErrorCode::kNetwork, "no answer"};
  std::vector<milliseconds> least;
  std::vector<milliseconds> most;
  for (int n = 1; n <= 8; ++n) {
    least.push_back(SpacingAfterFailure(error, n, 0.0));
    most.push_back(SpacingAfterFailure(error, n, 0.999'999));
  }
  EXPECT_EQ(least, (std::vector<milliseconds>{seconds(1), seconds(1), seconds(2), seconds(4),
                                              seconds(8), seconds(16), seconds(30), seconds(30)}));
  EXPECT_EQ(most, (std::vector<milliseconds>{seconds(1), milliseconds(1'999), milliseconds(3'999),
                                             milliseconds(7'999), milliseconds(15'999),
                                             milliseconds(31'999), milliseconds(59'999),
                                             milliseconds(59'999)}));
  EXPECT_EQ(SpacingAfterFailure(error, 2'000'000'000, 0.0), seconds(30));
}

TEST(RefreshScheduleTest, GivesABusyServiceMoreTime) {
  const Error error{ErrorCode::kServiceBusy, "throttled"};
  EXPECT_EQ(SpacingAfterFailure(error, 1, 0.0), seconds(2));
  EXPECT_EQ(SpacingAfterFailure(error, 2, 0.0), seconds(4));
  EXPECT_EQ(SpacingAfterFailure(error, 9, 0.0), seconds(30));
}

TEST(RefreshScheduleTest, HonoursWhatTheServiceAsksForWithinReason) {
  Error error{ErrorCode::kServiceBusy, "throttled"};
  error.retry_after = seconds(90);
  EXPECT_EQ(SpacingAfterFailure(error, 1, 0.5), seconds(90));
  error.retry_after = hours(24);
  EXPECT_EQ(SpacingAfterFailure(error, 1, 0.5), minutes(5));
  error.retry_after = seconds(1);
  EXPECT_EQ(SpacingAfterFailure(error, 9, 0.0), seconds(30));
}

TEST(RefreshScheduleTest, LeavesTheServiceAloneWhileThereIsTime) {
  for (const ErrorCode code : {ErrorCode::kNetwork, ErrorCode::kTimeout, ErrorCode::kTls,
                               ErrorCode::kServiceRefused, ErrorCode::kServiceAnswer}) {
    const Error error{code, ""};
    EXPECT_EQ(Patience(error, 1, hours(6), 0.5), seconds(0)) << "a quick retry";
    EXPECT_EQ(Patience(error, 2, hours(6), 0.5), seconds(0)) << "another";
    EXPECT_EQ(Patience(error, 3, hours(6), 0.5), minutes(165));
  }
  const Error busy{ErrorCode::kServiceBusy, ""};
  EXPECT_EQ(Patience(busy, 1, hours(6), 0.5), minutes(165));
  EXPECT_EQ(Patience(busy, 1, hours(6), 0), seconds(0));
  EXPECT_LT(Patience(busy, 1, hours(6), 0.999'999), minutes(330));
  EXPECT_EQ(Patience(busy, 9, minutes(31), 0.5), seconds(30));
  EXPECT_EQ(Patience(busy, 9, minutes(30), 0.5), seconds(0));
  EXPECT_EQ(Patience(busy, 9, hours(-1), 0.5), seconds(0));
}

TEST(RefreshScheduleTest, HasNoPatienceWithWhatBurdensNoService) {
  for (const ErrorCode code : {ErrorCode::kDeviceLost, ErrorCode::kLocalIo, ErrorCode::kLockedOut,
                               ErrorCode::kCertificate, ErrorCode::kKeyMismatch}) {
    EXPECT_EQ(Patience(Error{code, ""}, 9, hours(6), 0.5), seconds(0));
  }
}

TEST(RefreshScheduleTest, LeavesALockedOutDeviceAloneUntilItRecovers) {
  Error error{ErrorCode::kLockedOut, "", ""};
  EXPECT_EQ(SpacingAfterFailure(error, 1, 0.5), minutes(10)) << "not known";
  for (const seconds recovery : {seconds(2), seconds(600), seconds(86400)}) {
    error.retry_after = recovery;
    for (const int failures : {1, 9}) {
      EXPECT_EQ(SpacingAfterFailure(error, failures, 0.0), recovery);
    }
  }
  EXPECT_FALSE(NeedsReload(ErrorCode::kLockedOut));
}

TEST(RefreshScheduleTest, TriesNoPinAgain) {
  for (const ErrorCode code : {ErrorCode::kPinRequired, ErrorCode::kContextPinRequired,
                               ErrorCode::kPinIncorrect, ErrorCode::kPinLocked}) {
    EXPECT_TRUE(NeedsReload(code));
  }
  for (const ErrorCode code : {ErrorCode::kDevice, ErrorCode::kLocalIo, ErrorCode::kServiceRefused,
                               ErrorCode::kServiceBusy, ErrorCode::kPolicyUnmet}) {
    EXPECT_FALSE(NeedsReload(code));
  }
}

}  // namespace
}  // namespace credmint
