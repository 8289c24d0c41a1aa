// SPDX-License-Identifier: Apache-2.0
#include "serve/health/status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "credmint_version.h"

namespace credmint::serve {
namespace {

using testing::HasSubstr;
using testing::Not;

// 2026-01-01T12:00:00Z
constexpr TimePoint kNoon{std::chrono::seconds(1767268800)};

class StatusTest : public testing::Test {
 protected:
  static Request Get(const std::string& path) { return {"GET", path, {{"Host", "127.0.0.1:1"}}}; }

  std::string Body(const std::string& path) {
    return std::string(status_.Answer(Get(path)).body->Reveal());
  }

  RefresherState web_;
  RefresherState db_;
  RequestCounts requests_;
  std::uint64_t tokens_ = 0;
  UserRecords users_;
  Status status_{
      [this] {
        return std::vector<RoleStatus>{{"web", web_}, {"d\"\\b", db_}};
      },
      {[this] { return requests_.Read(); }, [this] { return tokens_; }, [] { return 7U; },
       [this] { return users_.given(); }, [this] { return users_.refusals(); }},
      "127.0.0.1"};
};

TEST_F(StatusTest, RefusesStrangers) {
  for (const char* path : {"/healthz", "/metrics"}) {
    EXPECT_EQ(status_.Answer({"GET", path, {{"Host", "evil.example"}}}).status, 400);
    Request request = Get(path);
    request.headers.emplace_back("Origin", "http://localhost");
    EXPECT_EQ(status_.Answer(request).status, 400);
  }
}

TEST_F(StatusTest, CountsWhoGotWhat) {
  for (const UserRecords::User user : {UserRecords::User(33), UserRecords::User(33), {}}) {
    users_.AddGiven("web", user);
  }
  const std::string metrics = Body("/metrics");
  EXPECT_THAT(metrics, HasSubstr("credmint_credentials_given_total{role=\"web\",uid=\"33\"} 2\n"));
  EXPECT_THAT(metrics, HasSubstr("{role=\"web\",uid=\"unknown\"} 1\n"));
}

TEST_F(StatusTest, CountsRefusalsFromZero) {
  EXPECT_THAT(Body("/metrics"), HasSubstr("\ncredmint_user_refusals_total 0\n"));
  for (int i = 0; i < 3; ++i) users_.AddRefused(33);
  EXPECT_THAT(Body("/metrics"), HasSubstr("\ncredmint_user_refusals_total 3\n"));
}

TEST_F(StatusTest, HasTwoPathsAndOneMethod) {
  for (const char* path : {"", "/", "/metrics/", "/role/web", "/latest/api/token"}) {
    EXPECT_EQ(status_.Answer(Get(path)).status, 404) << path;
  }
  Request request = Get("/metrics");
  request.method = "PUT";
  EXPECT_EQ(status_.Answer(request).status, 405);
}

TEST_F(StatusTest, IsHealthyWhileThereAreCredentialsForEveryRole) {
  EXPECT_EQ(status_.Answer(Get("/healthz")).status, 503);
  EXPECT_EQ(Body("/healthz"), "web: Pending\nd\"\\b: Pending\n");
  web_.has_valid = true;
  db_.failure = ErrorCode::kTls;
  EXPECT_EQ(status_.Answer(Get("/healthz")).status, 503);
  EXPECT_EQ(Body("/healthz"), "d\"\\b: ServiceUnreachable (the service is not trusted)\n");
  db_.has_valid = true;  // the last call failed, but there are valid credentials
  EXPECT_EQ(status_.Answer(Get("/healthz")).status, 200);
  EXPECT_EQ(Body("/healthz"), "ok\n");
}

TEST_F(StatusTest, TellsWhatIsInTheFormatOfPrometheus) {
  const Response response = status_.Answer(Get("/metrics"));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.headers.front().second, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_THAT(Body("/metrics"),
              HasSubstr("# TYPE credmint_build_info gauge\n"
                        "credmint_build_info{version=\"" CREDMINT_VERSION "\"} 1\n"));
}

TEST_F(StatusTest, TellsOfEachRole) {
  EXPECT_THAT(Body("/metrics"), Not(HasSubstr("timestamp_seconds{")));
  web_.calls = 5;
  web_.failures = {{ErrorCode::kServiceBusy, 1}, {ErrorCode::kNetwork, 2}, {ErrorCode::kTls, 1}};
  web_.expiration = kNoon;
  const std::string text = Body("/metrics");
  EXPECT_THAT(text, HasSubstr("\ncredmint_refreshes_total{role=\"web\"} 5\n"
                              "credmint_refreshes_total{role=\"d\\\"\\\\b\"} 0\n"));
  EXPECT_THAT(
      text,
      HasSubstr("\ncredmint_refresh_failures_total{role=\"web\",reason=\"ServiceBusy\"} 1\n"
                "credmint_refresh_failures_total{role=\"web\",reason=\"ServiceUnreachable\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("\ncredmint_credentials_expiry_timestamp_seconds{role=\"web\"} "
                              "1767268800\n"));
}

TEST_F(StatusTest, TellsOfTheServer) {
  tokens_ = 3;
  for (int i = 0; i < 3; ++i) requests_.Add(Get("//latest/api/token"), TextResponse(200, ""));
  requests_.Add(Get("/role/web"), TextResponse(401, ""));
  requests_.Add(Get("/role/web"), NotYet());
  const std::string text = Body("/metrics");
  EXPECT_THAT(text,
              HasSubstr("\ncredmint_http_requests_total{interface=\"container\",status=\"401\"} 1\n"
                        "credmint_http_requests_total{interface=\"imds\",status=\"200\"} 3\n#"));
  EXPECT_THAT(text, HasSubstr("\ncredmint_http_connections 7\n"));
  EXPECT_THAT(text, HasSubstr("\ncredmint_metadata_tokens_issued_total 3\n"));
}

}  // namespace
}  // namespace credmint::serve
