// SPDX-License-Identifier: Apache-2.0
#include "serve/api/routes.h"

#include <gtest/gtest.h>

#include <string>

#include "unit/serve/fake_source.h"
#include "unit/serve/metadata_headers.h"

namespace credmint::serve {
namespace {

class RoutesTest : public testing::Test {
 protected:
  static int Status(Routes& routes, Request request) {
    request.headers.emplace_back("Host", "127.0.0.1:9911");
    return routes.Answer(request).status;
  }

  FakeSource source_;
  ServedRoles roles_{{source_.AsRole()}};
  Routes local_{roles_, Secret("the token"), "127.0.0.1"};
  Routes open_{roles_, Secret("the token"), "10.0.0.1"};
};

TEST_F(RoutesTest, RefusesStrangersWithWhatNoClientTakesForVersionOne) {
  const Request valid{"PUT", "/latest/api/token", {{kTtlHeader, "60"}, {"Host", "evil.example"}}};
  EXPECT_EQ(local_.Answer(valid).status, 400);
  EXPECT_EQ(Status(local_, {"PUT", "/latest/api/token", {{kTtlHeader, "60"}, {"Origin", "null"}}}),
            400);
  EXPECT_EQ(Status(local_, {"GET",
                            "/role/web",
                            {{"Authorization", "the token"}, {"X-Forwarded-For", "10.0.0.9"}}}),
            400);
}

TEST_F(RoutesTest, HasBothInterfacesOnLoopback) {
  EXPECT_EQ(Status(local_, {"PUT", "//latest/api/token", {{kTtlHeader, "60"}}}), 200);
  EXPECT_EQ(Status(local_, {"GET", "/role/web", {{"Authorization", "the token"}}}), 200);
}

TEST_F(RoutesTest, HasNoMetadataServiceForOtherMachines) {
  EXPECT_EQ(Status(open_, {"PUT", "/latest/api/token", {{kTtlHeader, "60"}}}), 403);
  EXPECT_EQ(Status(open_, {"GET", "/latest/meta-data/iam/security-credentials", {}}), 403);
  EXPECT_EQ(Status(open_, {"GET", "/role/web", {{"Authorization", "the token"}}}), 200);
  EXPECT_EQ(Status(open_, {"GET", "/role/web", {}}), 401);
}

TEST_F(RoutesTest, NeedsATokenEverywhereElse) {
  EXPECT_EQ(Status(local_, {"GET", "/", {}}), 401);
  EXPECT_EQ(Status(local_, {"GET", "", {}}), 401);
}

}  // namespace
}  // namespace credmint::serve
