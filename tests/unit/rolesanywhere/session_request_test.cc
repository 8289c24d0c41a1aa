// SPDX-License-Identifier: Apache-2.0
#include "rolesanywhere/session_request.h"

#include <gtest/gtest.h>

#include <functional>

#include "unit/rolesanywhere/vector_session.h"

namespace credmint {
namespace {

TEST(SessionRequestTest, RefusesWhatDoesNotFitTogether) {
  struct Case {
    std::function<void(SessionParameters&)> change;
    const char* message;
  };
  using P = SessionParameters;
  for (const Case& c : {
           Case{[](P& p) { p.trust_anchor_arn = ""; },
                "'' is not the ARN of a trust anchor: it has fewer than six fields between colons"},
           Case{[](P& p) { p.profile_arn = "x"; },
                "'x' is not the ARN of a profile: it has fewer than six fields between colons"},
           Case{[](P& p) { p.role_arn = "x"; },
                "'x' is not the ARN of a role: it has fewer than six fields between colons"},
           Case{[](P& p) {
                  p.profile_arn = "arn:aws-cn:rolesanywhere:us-east-1:111122223333:profile/x";
                },
                "the profile is in the partition 'aws-cn' and the trust anchor in 'aws'"},
           Case{[](P& p) {
                  p.profile_arn = "arn:aws:rolesanywhere:us-east-1:444455556666:profile/x";
                },
                "the profile is in the account '444455556666' and the trust anchor in "
                "'111122223333'"},
           Case{[](P& p) {
                  p.profile_arn = "arn:aws:rolesanywhere:us-west-2:111122223333:profile/x";
                },
                "the profile is in the region 'us-west-2' and the trust anchor in 'us-east-1'"},
           Case{[](P& p) { p.role_arn = "arn:aws-cn:iam::111122223333:role/x"; },
                "the role is in the partition 'aws-cn' and the trust anchor in 'aws'"},
           Case{[](P& p) { p.role_arn = "arn:aws:iam::444455556666:role/x"; },
                "the role is in the account '444455556666' and the trust anchor in '111122223333'"},
           Case{[](P& p) { p.region = "us-west-2"; },
                "the region is 'us-west-2' and the trust anchor is in 'us-east-1'"},
           Case{[](P& p) {
                  p.trust_anchor_arn = "arn:aws:rolesanywhere:a/b:111122223333:trust-anchor/x";
                  p.profile_arn = "arn:aws:rolesanywhere:a/b:111122223333:profile/x";
                },
                "the trust anchor's region, 'a/b', is not a region"},
           Case{[](P& p) { p.duration = std::chrono::seconds(899); },
                "the session duration must be 900 to 43200 seconds, not 899"},
           Case{[](P& p) { p.duration = std::chrono::seconds(43201); },
                "the session duration must be 900 to 43200 seconds, not 43201"},
           Case{[](P& p) { p.role_session_name = "x"; },
                "the role session name must have 2 to 64 characters, not 1"},
           Case{[](P& p) { p.role_session_name = std::string(65, 'x'); },
                "the role session name must have 2 to 64 characters, not 65"},
           Case{[](P& p) { p.role_session_name = "a b"; },
                "the role session name 'a b' has characters other than A-Z a-z 0-9 _+=,.@-"},
       }) {
    SessionParameters parameters = VectorParameters();
    c.change(parameters);
    const Result<SessionRequest> request = SessionRequest::Create(parameters);
    ASSERT_FALSE(request) << c.message;
    EXPECT_EQ(request.error().code, ErrorCode::kUsage);
    EXPECT_EQ(request.error().message, c.message);
  }
}

TEST(SessionRequestTest, AcceptsTheLimits) {
  SessionParameters parameters = VectorParameters();
  parameters.duration = std::chrono::seconds(900);
  parameters.role_session_name = "_=";
  EXPECT_TRUE(SessionRequest::Create(parameters));
  parameters.duration = std::chrono::seconds(43200);
  parameters.role_session_name = "aZ09_+=,.@-" + std::string(53, 'x');
  EXPECT_TRUE(SessionRequest::Create(parameters));
  parameters.region = "us-east-1";
  EXPECT_TRUE(SessionRequest::Create(parameters));
}

TEST(SessionRequestTest, HasTheTrustAnchorsRegion) {
  EXPECT_EQ(SessionRequest::Create(VectorParameters())->region(), "us-east-1");
}

TEST(SessionRequestTest, MakesTheBodyOfTheWorkedExample) {
  EXPECT_EQ(SessionRequest::Create(VectorParameters())->Body(), ReadVector("rsa.body.json"));
}

TEST(SessionRequestTest, PutsTheSessionNameBeforeTheTrustAnchor) {
  SessionParameters parameters = VectorParameters();
  parameters.role_session_name = "host-1";
  std::string expected = ReadVector("rsa.body.json");
  expected.insert(expected.find("\"trustAnchorArn\""), R"("roleSessionName":"host-1",)");
  EXPECT_EQ(SessionRequest::Create(parameters)->Body(), expected);
}

TEST(SessionRequestTest, BecomesAPostBelowTheEndpointsPath) {
  const Url endpoint{"http", "127.0.0.1", 8080, "/base", ""};
  const HttpRequest request = SessionRequest::Create(VectorParameters())->ToHttp(endpoint);
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(FormatUrl(request.url), "http://127.0.0.1:8080/base/sessions");
  EXPECT_EQ(request.headers, (Headers{{"Content-Type", "application/json"}}));
  EXPECT_EQ(request.body, ReadVector("rsa.body.json"));
}

}  // namespace
}  // namespace credmint
