// SPDX-License-Identifier: Apache-2.0
#include "rolesanywhere/session_response.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "base/timestamp.h"

namespace credmint {
namespace {

using Json = nlohmann::json;

TimePoint Now() { return ParseTimestamp("2026-01-01T12:00:00Z").value(); }

Json Example() {
  return Json::parse(R"({
    "credentialSet": [{
      "assumedRoleUser": {
        "arn": "arn:aws:sts::111122223333:assumed-role/demo/1f71c5",
        "assumedRoleId": "AROAEXAMPLE:1f71c5"
      },
      "credentials": {
        "accessKeyId": "ASIAEXAMPLE",
        "secretAccessKey": "secret/key",
        "sessionToken": "token==",
        "expiration": "2026-01-01T13:00:00Z"
      },
      "packedPolicySize": 10,
      "roleArn": "arn:aws:iam::444455556666:role/demo",
      "sourceIdentity": "CN=vector rsa"
    }],
    "subjectArn": "arn:aws:rolesanywhere:us-east-1:111122223333:subject/x"
  })");
}

Result<Credentials> Parse(const std::string& body) {
  return ParseSessionResponse(Secret(body), Now(), Now() + std::chrono::minutes(75));
}
Result<Credentials> Parse(const Json& body) { return Parse(body.dump()); }

TEST(SessionResponseTest, RefusesABodyWithoutCredentials) {
  struct Case {
    const char* body;
    const char* message;
  };
  for (const Case& c : {
           Case{"", "the answer is not JSON"},
           Case{"<html></html>", "the answer is not JSON"},
           Case{R"({"credentialSet": [)", "the answer is not JSON"},
           Case{"null", "the answer holds no credentials"},
           Case{"[]", "the answer holds no credentials"},
           Case{"{}", "the answer holds no credentials"},
           Case{R"({"credentialSet": null})", "the answer holds no credentials"},
           Case{R"({"credentialSet": []})", "the answer holds no credentials"},
           Case{R"({"credentialSet": {"credentials": {}}})", "the answer holds no credentials"},
           Case{R"({"credentialSet": [null]})", "the answer has no accessKeyId"},
           Case{R"({"credentialSet": ["x"]})", "the answer has no accessKeyId"},
           Case{R"({"credentialSet": [{"credentials": null}]})", "the answer has no accessKeyId"},
           Case{R"({"credentialSet": [{"credentials": []}]})", "the answer has no accessKeyId"},
       }) {
    const Result<Credentials> credentials = Parse(std::string(c.body));
    ASSERT_FALSE(credentials) << c.body;
    EXPECT_EQ(credentials.error().code, ErrorCode::kServiceAnswer) << c.body;
    EXPECT_EQ(credentials.error().message, c.message) << c.body;
  }
}

TEST(SessionResponseTest, RefusesAMissingNullEmptyOrOddCredential) {
  for (const char* name : {"accessKeyId", "secretAccessKey", "sessionToken", "expiration"}) {
    for (const char* value : {"", "null", "\"\"", "1", "[]", "{}"}) {
      Json body = Example();
      Json& found = body["credentialSet"][0]["credentials"];
      if (*value == '\0') {
        found.erase(name);
      } else {
        found[name] = Json::parse(value);
      }
      const Result<Credentials> credentials = Parse(body);
      ASSERT_FALSE(credentials) << name << " " << value;
      EXPECT_EQ(credentials.error().code, ErrorCode::kServiceAnswer);
      EXPECT_EQ(credentials.error().message, "the answer has no " + std::string(name));
    }
  }
}

TEST(SessionResponseTest, RefusesAnExpirationThatIsNoTimestamp) {
  Json body = Example();
  body["credentialSet"][0]["credentials"]["expiration"] = "in an hour";
  const Result<Credentials> credentials = Parse(body);
  ASSERT_FALSE(credentials);
  EXPECT_EQ(credentials.error().code, ErrorCode::kServiceAnswer);
  EXPECT_EQ(credentials.error().message, "the answer's expiration is not a timestamp");
}

TEST(SessionResponseTest, RefusesCredentialsThatHaveExpired) {
  Json body = Example();
  body["credentialSet"][0]["credentials"]["expiration"] = "2026-01-01T12:00:00Z";
  const Result<Credentials> credentials = Parse(body);
  ASSERT_FALSE(credentials);
  EXPECT_EQ(credentials.error().code, ErrorCode::kServiceAnswer);
  EXPECT_EQ(credentials.error().message,
            "the credentials expired at 2026-01-01T12:00:00Z, and it is 2026-01-01T12:00:00Z");
  EXPECT_EQ(credentials.error().hint, "check this machine's clock");
}

TEST(SessionResponseTest, RefusesAnExpirationThatNoServiceGives) {
  Json body = Example();
  ASSERT_TRUE(Parse(body));
  body["credentialSet"][0]["credentials"]["expiration"] = "2026-01-01T13:15:01Z";
  const Result<Credentials> credentials = Parse(body);
  ASSERT_FALSE(credentials);
  EXPECT_EQ(credentials.error().code, ErrorCode::kServiceAnswer);
  EXPECT_EQ(credentials.error().message,
            "the credentials expire at 2026-01-01T13:15:01Z, but the service grants none beyond "
            "2026-01-01T13:15:00Z");
}

TEST(SessionResponseTest, ReadsTheFirstElement) {
  Json body = Example();
  body["credentialSet"].push_back({{"credentials", nullptr}});
  const Result<Credentials> credentials = Parse(body);
  ASSERT_TRUE(credentials) << credentials.error().message;
  EXPECT_EQ(credentials->access_key_id, "ASIAEXAMPLE");
  EXPECT_EQ(credentials->secret_access_key.Reveal(), "secret/key");
  EXPECT_EQ(credentials->session_token.Reveal(), "token==");
  EXPECT_EQ(FormatTimestamp(credentials->expiration), "2026-01-01T13:00:00Z");
  EXPECT_EQ(credentials->account_id, "111122223333");
}

TEST(SessionResponseTest, TakesFractionsOfSeconds) {
  Json body = Example();
  body["credentialSet"][0]["credentials"]["expiration"] = "2026-01-01T13:00:00.250Z";
  EXPECT_EQ(Parse(body)->expiration,
            Now() + std::chrono::hours(1) + std::chrono::milliseconds(250));
}

TEST(SessionResponseTest, PassesOverUnknownAndNullMembers) {
  Json body = Example();
  body["new"] = {{"a", {1, 2.5, true, "x"}}};
  body["subjectArn"] = nullptr;
  Json& session = body["credentialSet"][0];
  session["new"] = nullptr;
  session["packedPolicySize"] = nullptr;
  session["sourceIdentity"] = nullptr;
  session["credentials"]["new"] = 1;
  EXPECT_TRUE(Parse(body));
}

TEST(SessionResponseTest, TakesTheAccountFromTheRoleWhenItMust) {
  Json body = Example();
  body["credentialSet"][0]["assumedRoleUser"] = nullptr;
  EXPECT_EQ(Parse(body)->account_id, "444455556666");
  body["credentialSet"][0]["roleArn"] = nullptr;
  EXPECT_EQ(Parse(body)->account_id, "");
  body["credentialSet"][0]["roleArn"] = "demo";
  EXPECT_EQ(Parse(body)->account_id, "");
}

}  // namespace
}  // namespace credmint
