// SPDX-License-Identifier: Apache-2.0
#include "enrolment/renewal_schedule.h"

#include <gtest/gtest.h>

#include <string>

#include "base/timestamp.h"
#include "support/test_pki.h"

namespace credmint {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;

Certificate Leaf(const std::string& not_before, const std::string& not_after) {
  test::CertificateSpec spec;
  spec.not_before = not_before;
  spec.not_after = not_after;
  return Certificate(X509Ptr(test::NewReference(test::Issue(spec).certificate)));
}

TEST(RenewalSchedule, IsDueAtTwoThirds) {
  const auto due = RenewalDue(Leaf("20260101000000Z", "20260131000000Z"), std::nullopt);
  ASSERT_TRUE(due);
  EXPECT_EQ(FormatTimestamp(*due), "2026-01-21T00:00:00Z");
}

TEST(RenewalSchedule, IsDueBeforeTheEnd) {
  const Certificate leaf = Leaf("20260101000000Z", "20260131000000Z");
  EXPECT_EQ(FormatTimestamp(RenewalDue(leaf, days(7)).value()), "2026-01-24T00:00:00Z");
  EXPECT_EQ(FormatTimestamp(RenewalDue(leaf, days(15)).value()), "2026-01-16T00:00:00Z");
}

/// Each certificate would be due as soon as it is there.
TEST(RenewalSchedule, RefusesMoreThanHalfOfTheValidity) {
  const auto due = RenewalDue(Leaf("20260101000000Z", "20260131000000Z"), days(15) + 1s);
  ASSERT_FALSE(due);
  EXPECT_EQ(due.error().code, ErrorCode::kUsage);
}

TEST(RenewalSchedule, TriesAgainWithGrowingSpacing) {
  EXPECT_EQ(RenewalRetry(1, days(100), 0), 30s);
  EXPECT_EQ(RenewalRetry(1, days(100), 0.5), 45s);
  EXPECT_EQ(RenewalRetry(2, days(100), 0), 60s);
  EXPECT_EQ(RenewalRetry(5, days(100), 0), 480s);
  EXPECT_EQ(RenewalRetry(1000, days(100), 0), 12h);
}

TEST(RenewalSchedule, TriesAgainBeforeTheEnd) {
  EXPECT_EQ(RenewalRetry(1000, 10h, 0), 30min);
  EXPECT_EQ(RenewalRetry(1000, 1min, 0), 30s);
  EXPECT_EQ(RenewalRetry(1000, 0s, 0), 30min);
  EXPECT_EQ(RenewalRetry(1000, -days(9), 0), 30min);
}

}  // namespace
}  // namespace credmint
