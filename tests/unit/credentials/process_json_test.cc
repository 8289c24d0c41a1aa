// SPDX-License-Identifier: Apache-2.0
#include "credentials/process_json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

namespace credmint {
namespace {

// 2026-01-01T12:00:00Z
constexpr TimePoint kExpiration{std::chrono::seconds(1767268800)};

Credentials ExampleKeys() {
  return {"ASIAEXAMPLE", Secret("secret/key+="), Secret("token"), kExpiration, "111122223333"};
}

TEST(ProcessJsonTest, EscapesWhatJsonDoesNotTake) {
  Credentials credentials = ExampleKeys();
  const std::string awkward("\"\\/\b\f\n\r\t\x01\x1f\x7f\xc3\xa9 \0", 14);
  credentials.secret_access_key = Secret(awkward);
  const auto json = nlohmann::json::parse(FormatProcessJson(credentials).Reveal());
  EXPECT_EQ(json["SecretAccessKey"], awkward);
}

TEST(ProcessJsonTest, HoldsTheLongestEscapes) {
  Credentials credentials = ExampleKeys();
  credentials.session_token = Secret(std::string(10'000, '\x01'));
  const auto json = nlohmann::json::parse(FormatProcessJson(credentials).Reveal());
  EXPECT_EQ(json["SessionToken"], std::string(10'000, '\x01'));
}

TEST(ProcessJsonTest, LeavesOutAnUnknownAccount) {
  Credentials credentials = ExampleKeys();
  credentials.account_id.clear();
  EXPECT_EQ(FormatProcessJson(credentials).Reveal(),
            R"({"Version":1,"AccessKeyId":"ASIAEXAMPLE","SecretAccessKey":"secret/key+=",)"
            R"("SessionToken":"token","Expiration":"2026-01-01T12:00:00Z"})");
}

TEST(ProcessJsonTest, IsWhatSdksRead) {
  EXPECT_EQ(FormatProcessJson(ExampleKeys()).Reveal(),
            R"({"Version":1,"AccessKeyId":"ASIAEXAMPLE","SecretAccessKey":"secret/key+=",)"
            R"("SessionToken":"token","Expiration":"2026-01-01T12:00:00Z",)"
            R"("AccountId":"111122223333"})");
}

}  // namespace
}  // namespace credmint
