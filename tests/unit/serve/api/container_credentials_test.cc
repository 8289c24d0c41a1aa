// SPDX-License-Identifier: Apache-2.0
#include "serve/api/container_credentials.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "unit/serve/fake_source.h"

namespace credmint::serve {
namespace {

using nlohmann::json;

class ContainerCredentialsTest : public testing::Test {
 protected:
  Response Get(const std::string& token, const std::string& path = "/role/web",
               const std::string& method = "GET") {
    return container_.Answer({method, path, {{"Authorization", token}}});
  }

  FakeSource source_;
  ServedRoles roles_{{source_.AsRole()}};
  ContainerCredentials container_{roles_, Secret("the token")};
};

TEST_F(ContainerCredentialsTest, RefusesAnotherToken) {
  for (const char* token : {"", "the tokeN", "the toke", "the token ", "Bearer the token"}) {
    const Response response = Get(token);
    EXPECT_EQ(response.status, 401) << token;
    EXPECT_EQ(json::parse(response.body->Reveal())["Code"], "Unauthorized");
  }
  EXPECT_EQ(container_.Answer({"GET", "/role/web", {}}).status, 401);
  const Request twice{
      "GET", "/role/web", {{"Authorization", "the token"}, {"Authorization", "the token"}}};
  EXPECT_EQ(container_.Answer(twice).status, 401);
}

TEST_F(ContainerCredentialsTest, AnEmptyTokenOpensNothing) {
  ContainerCredentials open(roles_, Secret());
  EXPECT_EQ(open.Answer({"GET", "/role/web", {{"Authorization", ""}}}).status, 401);
}

TEST_F(ContainerCredentialsTest, HasNothingAtOtherPaths) {
  for (const char* path : {"/role/other", "/role/we", "/role/web/", "/role/", "/", "//role/web"}) {
    EXPECT_EQ(Get("the token", path).status, 404) << path;
    EXPECT_EQ(Get("wrong", path).status, 401) << path;  // does not reveal which roles exist
  }
}

TEST_F(ContainerCredentialsTest, RefusesOtherMethods) {
  for (const char* method : {"PUT", "POST", "HEAD", "get"}) {
    EXPECT_EQ(Get("the token", "/role/web", method).status, 405) << method;
  }
}

TEST_F(ContainerCredentialsTest, WithoutCredentialsTheAnswerIsAnError) {
  source_.fails = true;
  const Response response = Get("the token");
  EXPECT_EQ(response.status, 503);
  const json expected = {{"Code", "ServiceBusy"}, {"Message", "the service answered 500"}};
  EXPECT_EQ(json::parse(response.body->Reveal()), expected);
}

TEST_F(ContainerCredentialsTest, GivesCredentialsAsSdksReadThem) {
  const Response response = Get("the token");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.headers.front().second, "application/json");
  const json expected = {{"AccessKeyId", "ASIAEXAMPLE"},
                         {"SecretAccessKey", "secret/key+="},
                         {"Token", "token"},
                         {"Expiration", "2026-01-01T13:00:00Z"},
                         {"AccountId", "111122223333"}};
  EXPECT_EQ(json::parse(response.body->Reveal()), expected);
}

TEST_F(ContainerCredentialsTest, TellsTheNewExpirationOfAKeyThatCameAgain) {
  EXPECT_EQ(json::parse(Get("the token").body->Reveal())["Expiration"], "2026-01-01T13:00:00Z");
  source_.expiration += std::chrono::hours(1);
  EXPECT_EQ(json::parse(Get("the token").body->Reveal())["Expiration"], "2026-01-01T14:00:00Z");
}

TEST_F(ContainerCredentialsTest, LeavesOutAnUnknownAccount) {
  source_.account_id.clear();
  EXPECT_FALSE(json::parse(Get("the token").body->Reveal()).contains("AccountId"));
}

}  // namespace
}  // namespace credmint::serve
