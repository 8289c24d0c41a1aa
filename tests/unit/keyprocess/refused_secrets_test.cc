// SPDX-License-Identifier: Apache-2.0
#include "keyprocess/refused_secrets.h"

#include <gtest/gtest.h>

namespace credmint::keyprocess {
namespace {

const PassphraseRequest kOfToken{PassphraseKind::kFile, "token prod"};

bool MaySend(const RefusedSecrets& refused, const std::string& device,
             const PassphraseRequest& request, const char* secret) {
  const auto checked = refused.Check(device, request, Secret(secret));
  if (checked) return true;
  EXPECT_EQ(checked.error().code, ErrorCode::kPinIncorrect);
  return false;
}

TEST(RefusedSecretsTest, ARefusedSecretIsNotSentAgainToItsDeviceForItsPurpose) {
  RefusedSecrets refused;
  refused.Add("a", kOfToken, Secret("1234"), RefusedSecrets::Outcome::kRefused);
  EXPECT_FALSE(MaySend(refused, "a", kOfToken, "1234"));
  EXPECT_TRUE(MaySend(refused, "b", kOfToken, "1234"));
  EXPECT_TRUE(MaySend(refused, "a", kOfToken, "12345"));
  EXPECT_TRUE(MaySend(refused, "a", {PassphraseKind::kFile, "token test"}, "1234"));
}

TEST(RefusedSecretsTest, AnUnknownOutcomeCountsAsARefusalUntilItIsForgotten) {
  RefusedSecrets refused;
  refused.Add("a", kOfToken, Secret("1234"), RefusedSecrets::Outcome::kUnknown);
  refused.Add("a", kOfToken, Secret("5678"), RefusedSecrets::Outcome::kRefused);
  EXPECT_FALSE(MaySend(refused, "a", kOfToken, "1234"));
  refused.ForgetInterrupted();
  EXPECT_TRUE(MaySend(refused, "a", kOfToken, "1234"));
  EXPECT_FALSE(MaySend(refused, "a", kOfToken, "5678"));
}

TEST(RefusedSecretsTest, TheLatestAreKept) {
  RefusedSecrets refused;
  for (int number = 0; number <= 256; ++number) {
    refused.Add("a", kOfToken, Secret(std::to_string(number)), RefusedSecrets::Outcome::kRefused);
  }
  EXPECT_TRUE(MaySend(refused, "a", kOfToken, "0"));
  EXPECT_FALSE(MaySend(refused, "a", kOfToken, "1"));
  EXPECT_FALSE(MaySend(refused, "a", kOfToken, "256"));
}

}  // namespace
}  // namespace credmint::keyprocess
