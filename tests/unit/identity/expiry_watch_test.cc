// SPDX-License-Identifier: Apache-2.0
#include "identity/expiry_watch.h"

#include <fmt/chrono.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/test_pki.h"
#include "unit/identity/certificates.h"

namespace credmint {
namespace {

using std::chrono::days;
using std::chrono::hours;
using test::CertificateSpec;
using test::Issue;
using test::kNow;
using test::ToCertificate;

std::string Asn1Time(TimePoint time) {
  return fmt::format("{:%Y%m%d%H%M%SZ}", fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

/// A certificate that is valid for so long from kNow.
Certificate ValidFor(std::chrono::seconds validity) {
  CertificateSpec spec;
  spec.not_before = Asn1Time(kNow);
  spec.not_after = Asn1Time(kNow + validity);
  return ToCertificate(Issue(spec));
}

/// The stages hour by hour until the end, each with the hours that are left when it begins.
std::vector<std::pair<ExpiryStage, long>> Stages(std::chrono::hours validity) {
  const Certificate leaf = ValidFor(validity);
  std::vector<std::pair<ExpiryStage, long>> stages = {{ExpiryStage::kFar, validity.count()}};
  for (hours left = validity; left >= hours(0); --left) {
    const ExpiryStage stage = ExpiryStageAt(leaf, leaf.NotAfter() - left);
    if (stage != stages.back().first) stages.emplace_back(stage, left.count());
  }
  return stages;
}

TEST(ExpiryStageTest, OfALongCertificateBeginThirtySevenAndOneDayBefore) {
  const std::vector<std::pair<ExpiryStage, long>> expected = {{ExpiryStage::kFar, 365 * 24},
                                                              {ExpiryStage::kComing, 30 * 24},
                                                              {ExpiryStage::kNear, 7 * 24},
                                                              {ExpiryStage::kImminent, 24},
                                                              {ExpiryStage::kExpired, 0}};
  EXPECT_EQ(Stages(days(365)), expected);
}

TEST(ExpiryStageTest, OfAShortCertificateBeginAtFractionsOfItsValidity) {
  const std::vector<std::pair<ExpiryStage, long>> expected = {{ExpiryStage::kFar, 72},
                                                              {ExpiryStage::kComing, 24},
                                                              {ExpiryStage::kNear, 12},
                                                              {ExpiryStage::kImminent, 3},
                                                              {ExpiryStage::kExpired, 0}};
  EXPECT_EQ(Stages(hours(72)), expected);
}

TEST(ExpiryWatchTest, WarnsOnceForEachStage) {
  const Certificate leaf = ValidFor(days(100));
  ExpiryWatch watch;
  std::vector<std::string> warnings;
  for (hours past{0}; past < days(100); past += hours(1)) {
    if (auto warning = watch.Look(leaf, kNow + past)) warnings.push_back(*std::move(warning));
  }
  ASSERT_EQ(warnings.size(), 3U);
  EXPECT_NE(warnings[0].find(" expires in 30 days, at "), std::string::npos) << warnings[0];
  EXPECT_NE(warnings[1].find(" expires in 7 days, at "), std::string::npos) << warnings[1];
  EXPECT_NE(warnings[2].find(" expires in 24 hours, at "), std::string::npos) << warnings[2];
}

TEST(ExpiryWatchTest, ARenewedCertificateIsWatchedFromTheStart) {
  ExpiryWatch watch;
  const Certificate first = ValidFor(days(100));
  EXPECT_TRUE(watch.Look(first, kNow + days(80)).has_value());
  const Certificate second = ValidFor(days(200));
  EXPECT_FALSE(watch.Look(second, kNow + days(80)).has_value());
  EXPECT_TRUE(watch.Look(second, kNow + days(180)).has_value());
}

}  // namespace
}  // namespace credmint
