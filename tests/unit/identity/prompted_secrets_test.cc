// SPDX-License-Identifier: Apache-2.0
#include "identity/prompted_secrets.h"

#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <vector>

namespace credmint {
namespace {

const PassphraseRequest kToken{PassphraseKind::kTokenPin, "token 'prod'"};
constexpr const char* kPlace = "x:token=prod";

/// Answers prompts from a list, and records them.
struct Person {
  std::deque<std::string> answers;
  std::vector<PromptReason> asked;

  PromptFunction Prompt() {
    return [this](const PassphraseRequest&, PromptReason reason) -> Result<std::optional<Secret>> {
      asked.push_back(reason);
      if (answers.empty()) return Fail(ErrorCode::kPinRequired, "cancelled");
      std::optional<Secret> secret(Secret(answers.front()));
      answers.pop_front();
      return secret;
    };
  }
};

/// The secret, "-" if there is none, or the error's message.
std::string Get(PromptedSecrets& secrets, const PassphraseRequest& request = kToken,
                const std::string& place = kPlace) {
  const auto got = secrets.Get(request, place);
  if (!got) return got.error().message;
  return *got ? std::string((*got)->Reveal()) : "-";
}

using Reasons = std::vector<PromptReason>;
using enum PromptReason;

TEST(PromptedSecretsTest, WithoutAPersonThereIsNothing) {
  PromptedSecrets secrets;
  EXPECT_EQ(Get(secrets), "-");
  EXPECT_FALSE(secrets.Refuse(kToken, kPlace));
}

TEST(PromptedSecretsTest, WithoutATerminalThereIsNothing) {
  PromptedSecrets secrets([](const auto&, auto) { return std::optional<Secret>(); });
  for (int i = 0; i < 5; ++i) EXPECT_EQ(Get(secrets), "-");
}

TEST(PromptedSecretsTest, AfterACancelNothingIsAskedAnyMore) {
  Person person;
  PromptedSecrets secrets(person.Prompt());
  EXPECT_EQ(Get(secrets), "cancelled");
  EXPECT_EQ(Get(secrets), "cancelled");
  EXPECT_EQ(Get(secrets, {PassphraseKind::kFile, "web.key"}, "web.key"), "cancelled");
  EXPECT_EQ(person.asked.size(), 1U);
}

TEST(PromptedSecretsTest, RemembersWhatWasNotRefused) {
  Person person{{"1234"}, {}};
  PromptedSecrets secrets(person.Prompt());
  EXPECT_EQ(Get(secrets), "1234");
  EXPECT_EQ(Get(secrets), "1234");
  EXPECT_EQ(person.asked, Reasons({kNeeded}));
}

TEST(PromptedSecretsTest, GivesItOutForNothingElse) {
  Person person{{"1234", "other kind", "other subject", "other place"}, {}};
  PromptedSecrets secrets(person.Prompt());
  EXPECT_EQ(Get(secrets), "1234");
  EXPECT_EQ(Get(secrets, {PassphraseKind::kContextPin, kToken.subject}), "other kind");
  EXPECT_EQ(Get(secrets, {PassphraseKind::kTokenPin, "token 'test'"}), "other subject");
  EXPECT_EQ(Get(secrets, kToken, "x:serial=2"), "other place");
  EXPECT_EQ(Get(secrets), "1234");
}

TEST(PromptedSecretsTest, AsksAgainAfterARefusal) {
  Person person{{"wrong", "wrong too", "1234"}, {}};
  PromptedSecrets secrets(person.Prompt());
  EXPECT_EQ(Get(secrets), "wrong");
  EXPECT_TRUE(secrets.Refuse(kToken, kPlace));
  EXPECT_EQ(Get(secrets), "wrong too");
  EXPECT_TRUE(secrets.Refuse(kToken, kPlace));
  EXPECT_EQ(Get(secrets), "1234");
  EXPECT_EQ(person.asked, Reasons({kNeeded, kRefused, kRefused}));
}

TEST(PromptedSecretsTest, AsksThreeTimesInAll) {
  Person person{{"a", "b", "c", "d"}, {}};
  PromptedSecrets secrets(person.Prompt());
  for (const bool again : {true, true, false}) {
    Get(secrets);
    EXPECT_EQ(secrets.Refuse(kToken, kPlace), again);
  }
  EXPECT_EQ(Get(secrets), "what was typed for token 'prod' was refused");
  EXPECT_EQ(person.asked.size(), 3U);
}

TEST(PromptedSecretsTest, WhatWasRefusedIsNotGivenOutAgain) {
  Person person{{"wrong", "wrong", "1234"}, {}};
  PromptedSecrets secrets(person.Prompt());
  Get(secrets);
  secrets.Refuse(kToken, kPlace);
  EXPECT_EQ(Get(secrets), "1234");
  EXPECT_EQ(person.asked, Reasons({kNeeded, kRefused, kRefusedAlready}));
}

TEST(PromptedSecretsTest, RepetitionsCountAsTries) {
  Person person{{"wrong", "wrong", "wrong", "1234"}, {}};
  PromptedSecrets secrets(person.Prompt());
  Get(secrets);
  EXPECT_TRUE(secrets.Refuse(kToken, kPlace));
  const auto got = secrets.Get(kToken, kPlace);
  ASSERT_FALSE(got.has_value());
  EXPECT_EQ(got.error().code, ErrorCode::kPinIncorrect);
  EXPECT_FALSE(secrets.Refuse(kToken, kPlace));
  EXPECT_EQ(person.asked.size(), 3U);
}

class PromptLimitTest : public testing::TestWithParam<std::pair<PassphraseKind, std::size_t>> {};

TEST_P(PromptLimitTest, DependsOnTheKind) {
  const auto [kind, limit] = GetParam();
  Person person{{"a", "b", "c", "d"}, {}};
  PromptedSecrets secrets(person.Prompt());
  do {
    Get(secrets, {kind, "x"}, "x");
  } while (secrets.Refuse({kind, "x"}, "x"));
  EXPECT_EQ(person.asked.size(), limit);
}

INSTANTIATE_TEST_SUITE_P(Kinds, PromptLimitTest,
                         testing::Values(std::pair(PassphraseKind::kTokenPin, 3U),
                                         std::pair(PassphraseKind::kFile, 3U),
                                         std::pair(PassphraseKind::kContextPin, 1U),
                                         std::pair(PassphraseKind::kTpmAuth, 1U),
                                         std::pair(PassphraseKind::kTpmAuthIfAny, 1U),
                                         std::pair(PassphraseKind::kForeign, 1U)));

}  // namespace
}  // namespace credmint
