// SPDX-License-Identifier: Apache-2.0
#include "serve/api/served_roles.h"

#include <gtest/gtest.h>

#include "unit/serve/fake_source.h"

namespace credmint::serve {
namespace {

TEST(Roles, AreFoundByTheirWholeName) {
  FakeSource source;
  ServedRoles roles({source.AsRole("web"), source.AsRole("web-2")});
  EXPECT_EQ(roles.First()->name, "web");
  EXPECT_EQ(roles.Find("web-2")->name, "web-2");
  for (const char* other : {"", "we", "web-", "web-22", "WEB"})
    EXPECT_EQ(roles.Find(other), nullptr);
}

TEST(Roles, OneThatIsExchangedStaysForWhoHasFoundIt) {
  auto source = std::make_shared<FakeSource>();
  const std::weak_ptr<FakeSource> alive = source;
  ServedRoles roles({ServedRole{"web", "111122223333", "aws", "eu-central-1", std::move(source)}});
  auto found = roles.Find("web");
  FakeSource next;
  roles.Set({next.AsRole("backup")});
  EXPECT_EQ(roles.Find("web"), nullptr);
  EXPECT_EQ(roles.First()->name, "backup");
  EXPECT_EQ(found->source->Get()->access_key_id, "ASIAEXAMPLE");
  found.reset();
  EXPECT_TRUE(alive.expired());
}

}  // namespace
}  // namespace credmint::serve
