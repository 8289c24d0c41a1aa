// SPDX-License-Identifier: Apache-2.0
#include "serve/api/imds_tokens.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace credmint::serve {
namespace {

using std::chrono::seconds;

constexpr uid_t kUser = 4001;

class ImdsTokensTest : public testing::Test {
 protected:
  std::string Issue(int ttl) { return std::string(tokens_.Issue(seconds(ttl), kUser)->Reveal()); }

  std::chrono::steady_clock::time_point now_{};
  ImdsTokens tokens_{[this] { return now_; }};
};

TEST_F(ImdsTokensTest, RefusesWhatItDidNotIssue) {
  const std::string token = Issue(60);
  for (std::size_t place : {0U, 15U, 16U, 31U, 32U, 63U}) {
    std::string other = token;
    other[place] = other[place] == '0' ? '1' : '0';
    EXPECT_FALSE(tokens_.IsValid(other, kUser)) << place;
  }
  EXPECT_FALSE(tokens_.IsValid("", kUser));
  EXPECT_FALSE(tokens_.IsValid(token.substr(0, 16), kUser));
  EXPECT_FALSE(tokens_.IsValid(token + "0", kUser));
}

TEST_F(ImdsTokensTest, ExpireAtTheirSecond) {
  const std::string token = Issue(60);
  now_ += seconds(60) - std::chrono::nanoseconds(1);
  EXPECT_TRUE(tokens_.IsValid(token, kUser));
  now_ += std::chrono::nanoseconds(1);
  EXPECT_FALSE(tokens_.IsValid(token, kUser));
}

TEST_F(ImdsTokensTest, AreOf32BytesAndAllDifferent) {
  const std::string one = Issue(60);
  EXPECT_EQ(one.size(), 64U);
  EXPECT_NE(one, Issue(60));
}

TEST_F(ImdsTokensTest, OthersMakeNoneInvalid) {
  const std::string token = Issue(1);
  for (int i = 0; i < 5'000; ++i) Issue(21600);
  EXPECT_TRUE(tokens_.IsValid(token, kUser));
  EXPECT_EQ(tokens_.issued(), 5'001U);
}

TEST_F(ImdsTokensTest, AnotherProcessKnowsThemNot) {
  const ImdsTokens other;
  EXPECT_FALSE(other.IsValid(Issue(21600), kUser));
}

TEST_F(ImdsTokensTest, TheirTimeCannotBeChanged) {
  const std::string brief = Issue(1);
  const std::string lasting = Issue(21600);
  now_ += seconds(2);
  EXPECT_FALSE(tokens_.IsValid(brief, kUser));
  EXPECT_TRUE(tokens_.IsValid(lasting, kUser));
  EXPECT_FALSE(tokens_.IsValid(lasting.substr(0, 16) + brief.substr(16), kUser));
  EXPECT_FALSE(tokens_.IsValid(lasting.substr(0, 32) + brief.substr(32), kUser));
}

TEST_F(ImdsTokensTest, AreOfNoUseToAnotherUser) {
  const std::string token = Issue(60);
  EXPECT_TRUE(tokens_.IsValid(token, kUser));
  EXPECT_FALSE(tokens_.IsValid(token, kUser + 1));
  EXPECT_FALSE(tokens_.IsValid(token, 0));
  EXPECT_FALSE(tokens_.IsValid(token, std::nullopt));
}

TEST_F(ImdsTokensTest, ServeThreadsAtOnce) {
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([this] {
      for (int k = 0; k < 500; ++k) EXPECT_TRUE(tokens_.IsValid(Issue(60), kUser));
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(tokens_.issued(), 2000U);
}

}  // namespace
}  // namespace credmint::serve
