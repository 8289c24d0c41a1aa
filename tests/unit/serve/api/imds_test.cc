// SPDX-License-Identifier: Apache-2.0
#include "serve/api/imds.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "unit/serve/fake_source.h"
#include "unit/serve/metadata_headers.h"

namespace credmint::serve {
namespace {

using nlohmann::json;

class ImdsTest : public testing::Test {
 protected:
  Response Put(const std::string& ttl, const std::string& path = "/latest/api/token") {
    return imds_.Answer({"PUT", path, {{kTtlHeader, ttl}}});
  }

  Response Get(const std::string& path) {
    const std::string token(Put("60").body->Reveal());
    return imds_.Answer({"GET", path, {{kTokenHeader, token}}});
  }

  json GetJson(const std::string& path) {
    const Response response = Get(path);
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.headers.front().second, "application/json");
    return json::parse(response.body->Reveal());
  }

  std::string GetText(const std::string& path) {
    const Response response = Get(path);
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.headers.front().second, "text/plain");
    return std::string(response.body->Reveal());
  }

  const std::string credentials_ = "/latest/meta-data/iam/security-credentials";
  FakeSource source_;
  FakeSource other_source_;
  TimePoint now_ = kNow;
  std::chrono::steady_clock::time_point elapsed_{};
  ServedRoles roles_{{source_.AsRole(), other_source_.AsRole("backup")}};
  Imds imds_{roles_, [this] { return now_; }, [this] { return elapsed_; }};
};

TEST_F(ImdsTest, RefusesBadLifetimes) {
  for (const char* ttl :
       {"", "0", "-1", "+1", "21601", "1.5", " 1", "1 ", "1s", "0x10", "99999999999999999999"}) {
    EXPECT_EQ(Put(ttl).status, 400) << ttl;
  }
  EXPECT_EQ(
      imds_.Answer({"PUT", "/latest/api/token", {{kTtlHeader, "1"}, {kTtlHeader, "1"}}}).status,
      400);
}

TEST_F(ImdsTest, RefusesVersionOne) {
  for (const std::string& path : {credentials_, credentials_ + "/web", std::string("/latest/x"),
                                  std::string("/latest/dynamic/instance-identity/document")}) {
    EXPECT_EQ(imds_.Answer({"GET", path, {}}).status, 401) << path;
    EXPECT_EQ(imds_.Answer({"GET", path, {{kTokenHeader, ""}}}).status, 401) << path;
    EXPECT_EQ(imds_.Answer({"GET", path, {{kTokenHeader, std::string(64, '0')}}}).status, 401)
        << path;
  }
}

TEST_F(ImdsTest, RefusesATokenThatHasExpired) {
  const std::string token(Put("60").body->Reveal());
  EXPECT_EQ(imds_.Answer({"GET", credentials_, {{kTokenHeader, token}}}).status, 200);
  elapsed_ += std::chrono::seconds(60);
  EXPECT_EQ(imds_.Answer({"GET", credentials_, {{kTokenHeader, token}}}).status, 401);
}

TEST_F(ImdsTest, RefusesOtherMethods) {
  for (const char* method : {"GET", "POST", "HEAD", "DELETE", "put"}) {
    EXPECT_EQ(imds_.Answer({method, "/latest/api/token", {{kTtlHeader, "60"}}}).status, 405)
        << method;
  }
  for (const char* method : {"PUT", "POST", "HEAD", "OPTIONS"}) {
    EXPECT_EQ(imds_.Answer({method, credentials_, {}}).status, 405) << method;
  }
}

TEST_F(ImdsTest, ListsTheFirstRoleOnlyButGivesTheOthers) {
  other_source_.access_key_id = "ASIAOTHER";
  EXPECT_EQ(GetText(credentials_ + "/"), "web");
  EXPECT_EQ(GetJson(credentials_ + "/web")["AccessKeyId"], "ASIAEXAMPLE");
  EXPECT_EQ(GetJson(credentials_ + "/backup")["AccessKeyId"], "ASIAOTHER");
}

TEST_F(ImdsTest, EachRoleHasATimeOfItsOwn) {
  const std::string first = GetJson(credentials_ + "/web")["LastUpdated"];
  now_ += std::chrono::minutes(5);
  EXPECT_NE(GetJson(credentials_ + "/backup")["LastUpdated"], first);
  EXPECT_EQ(GetJson(credentials_ + "/web")["LastUpdated"], first);
}

TEST_F(ImdsTest, HasNothingAtOtherPaths) {
  for (const std::string& path :
       {credentials_ + "/other", credentials_ + "/we", credentials_ + "/web/x",
        credentials_ + "/WEB", credentials_ + "-extended", credentials_ + "-extended/",
        credentials_ + "-extended/web", std::string("/latest"), std::string("/latest/"),
        std::string("/latest/meta-data/iam"), std::string("/2021-03-23/meta-data/iam/info")}) {
    EXPECT_EQ(Get(path).status, 404) << path;
  }
}

TEST_F(ImdsTest, WithoutCredentialsTheAnswerIsAnError) {
  source_.fails = true;
  const Response response = Get(credentials_ + "/web");
  EXPECT_EQ(response.status, 503);
  const json expected = {{"Code", "ServiceBusy"}, {"Message", "the service answered 500"}};
  EXPECT_EQ(json::parse(response.body->Reveal()), expected);
  EXPECT_EQ(GetText(credentials_), "web");  // a role's name needs no credentials
}

TEST_F(ImdsTest, ATokenIsPlainTextAndItsLifetimeIsRepeated) {
  for (const char* ttl : {"1", "300", "21600"}) {
    const Response response = Put(ttl);
    EXPECT_EQ(response.status, 200);
    const decltype(response.headers) expected = {{"Content-Type", "text/plain"}, {kTtlHeader, ttl}};
    EXPECT_EQ(response.headers, expected);
    EXPECT_EQ(response.body->size(), 64U);
  }
}

TEST_F(ImdsTest, ATokenWithoutALifetimeHasTheLongest) {
  const Response response = imds_.Answer({"PUT", "/latest/api/token", {}});
  EXPECT_EQ(response.status, 200);
  const decltype(response.headers) expected = {{"Content-Type", "text/plain"},
                                               {kTtlHeader, "21600"}};
  EXPECT_EQ(response.headers, expected);
  const Request get{"GET", credentials_, {{kTokenHeader, std::string(response.body->Reveal())}}};
  elapsed_ += std::chrono::seconds(21599);
  EXPECT_EQ(imds_.Answer(get).status, 200);
  elapsed_ += std::chrono::seconds(1);
  EXPECT_EQ(imds_.Answer(get).status, 401);
}

TEST_F(ImdsTest, SlashesMayBeDoubledAndStandAtTheEnd) {
  EXPECT_EQ(Put("60", "/latest/api/token/").status, 200);
  EXPECT_EQ(Put("60", "//latest///api/token//").status, 200);
  EXPECT_EQ(GetText(credentials_), "web");
  EXPECT_EQ(GetText(credentials_ + "/"), "web");
  EXPECT_EQ(GetText("/" + credentials_ + "//"), "web");
  EXPECT_EQ(GetJson("/" + credentials_ + "//web/")["Code"], "Success");
}

TEST_F(ImdsTest, GivesCredentialsAsSdksReadThem) {
  const json expected = {{"Code", "Success"},
                         {"LastUpdated", "2026-01-01T12:00:00Z"},
                         {"Type", "AWS-HMAC"},
                         {"AccessKeyId", "ASIAEXAMPLE"},
                         {"SecretAccessKey", "secret/key+="},
                         {"Token", "token"},
                         {"Expiration", "2026-01-01T13:00:00Z"}};
  EXPECT_EQ(GetJson(credentials_ + "/web"), expected);
}

TEST_F(ImdsTest, LastUpdatedIsWhenTheCredentialsChanged) {
  GetJson(credentials_ + "/web");
  now_ += std::chrono::minutes(10);
  EXPECT_EQ(GetJson(credentials_ + "/web")["LastUpdated"], "2026-01-01T12:00:00Z");
  source_.access_key_id = "ASIANEXT";
  EXPECT_EQ(GetJson(credentials_ + "/web")["LastUpdated"], "2026-01-01T12:10:00Z");
}

TEST_F(ImdsTest, TellsTheRegion) {
  const std::string placement = "/latest/meta-data/placement/";
  EXPECT_EQ(GetText(placement + "region"), "eu-central-1");
  EXPECT_EQ(GetText(placement + "availability-zone"), "eu-central-1a");
  EXPECT_EQ(GetText(placement + "availability-zone/"), "eu-central-1a");
}

TEST_F(ImdsTest, TellsWhoItIs) {
  const json info = GetJson("/latest/meta-data/iam/info");
  EXPECT_EQ(info["Code"], "Success");
  EXPECT_EQ(info["InstanceProfileArn"], "arn:aws:iam::111122223333:instance-profile/web");
  const json document = GetJson("/latest/dynamic/instance-identity/document");
  EXPECT_EQ(document["region"], "eu-central-1");
  EXPECT_EQ(document["availabilityZone"], "eu-central-1a");
  EXPECT_EQ(document["accountId"], "111122223333");
  EXPECT_EQ(document["pendingTime"], "2026-01-01T12:00:00Z");
}

TEST(IsImdsPathTest, IsThatOfTheServiceOnly) {
  for (const char* path : {"/latest", "/latest/", "//latest//x", "/latest/x"}) {
    EXPECT_TRUE(IsImdsPath(path)) << path;
  }
  for (const char* path : {"", "/", "/latests", "/role/latest", "latest/x"}) {
    EXPECT_FALSE(IsImdsPath(path)) << path;
  }
}

}  // namespace
}  // namespace credmint::serve
