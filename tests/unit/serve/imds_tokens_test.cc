#include "serve/imds_tokens.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace credmint::serve {
namespace {

using std::chrono::seconds;

class ImdsTokensTest : public testing::Test {
 protected:
  std::string Issue(int ttl) { return std::string(tokens_.Issue(seconds(ttl))->Reveal()); }

  std::chrono::steady_clock::time_point now_{};
  ImdsTokens tokens_{[this] { return now_; }};
};

TEST_F(ImdsTokensTest, RefusesWhatItDidNotIssue) {
  const std::string token = Issue(60);
  for (std::size_t place : {0U, 15U, 16U, 63U}) {
    std::string other = token;
    other[place] = other[place] == '0' ? '1' : '0';
    EXPECT_FALSE(tokens_.IsValid(other)) << place;
  }
  EXPECT_FALSE(tokens_.IsValid(""));
  EXPECT_FALSE(tokens_.IsValid(token.substr(0, 16)));
  EXPECT_FALSE(tokens_.IsValid(token + "0"));
}

TEST_F(ImdsTokensTest, ExpireAtTheirSecond) {
  const std::string token = Issue(60);
  now_ += seconds(60) - std::chrono::nanoseconds(1);
  EXPECT_TRUE(tokens_.IsValid(token));
  now_ += std::chrono::nanoseconds(1);
  EXPECT_FALSE(tokens_.IsValid(token));
}

TEST_F(ImdsTokensTest, AreOf32BytesAndAllDifferent) {
  const std::string one = Issue(60);
  EXPECT_EQ(one.size(), 64U);
  EXPECT_NE(one, Issue(60));
}

TEST_F(ImdsTokensTest, TheOneThatExpiresFirstGivesWay) {
  const std::string lasting = Issue(21600);
  const std::string brief = Issue(1);
  const std::string middle = Issue(300);
  while (tokens_.size() < ImdsTokens::kMaxTokens) Issue(600);
  EXPECT_TRUE(tokens_.IsValid(brief));
  Issue(600);
  EXPECT_EQ(tokens_.size(), ImdsTokens::kMaxTokens);
  EXPECT_FALSE(tokens_.IsValid(brief));
  EXPECT_TRUE(tokens_.IsValid(middle));
  Issue(600);
  EXPECT_FALSE(tokens_.IsValid(middle));
  EXPECT_TRUE(tokens_.IsValid(lasting));
}

TEST_F(ImdsTokensTest, AreCounted) {
  Issue(60);
  while (tokens_.size() < ImdsTokens::kMaxTokens) Issue(600);
  EXPECT_EQ(tokens_.Counts().valid, ImdsTokens::kMaxTokens);
  EXPECT_EQ(tokens_.Counts().evicted, 0U);
  now_ += seconds(60);
  EXPECT_EQ(tokens_.Counts().valid, ImdsTokens::kMaxTokens - 1);
  Issue(600);  // in the place of one that has expired
  EXPECT_EQ(tokens_.Counts().evicted, 0U);
  Issue(600);
  EXPECT_EQ(tokens_.Counts().valid, ImdsTokens::kMaxTokens);
  EXPECT_EQ(tokens_.Counts().evicted, 1U);
}

TEST_F(ImdsTokensTest, ServeThreadsAtOnce) {
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([this] {
      for (int k = 0; k < 500; ++k) EXPECT_TRUE(tokens_.IsValid(Issue(60)));
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(tokens_.size(), 2000U);
}

}  // namespace
}  // namespace credmint::serve
