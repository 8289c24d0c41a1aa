// SPDX-License-Identifier: Apache-2.0
#include "serve/api/served_roles.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

#include "unit/serve/fake_source.h"

namespace credmint::serve {
namespace {

const Client kClient;

TEST(Roles, AreFoundByTheirWholeName) {
  FakeSource source;
  ServedRoles roles({source.AsRole("web"), source.AsRole("web-2")});
  EXPECT_EQ(roles.First(kClient)->name, "web");
  EXPECT_EQ(roles.Find("web-2", kClient)->name, "web-2");
  for (const char* other : {"", "we", "web-", "web-22", "WEB"})
    EXPECT_EQ(roles.Find(other, kClient), nullptr);
}

TEST(Roles, OneThatIsExchangedStaysForWhoHasFoundIt) {
  auto source = std::make_shared<FakeSource>();
  const std::weak_ptr<FakeSource> alive = source;
  ServedRoles roles({ServedRole{"web", "111122223333", "aws", "eu-central-1", std::move(source),
                                AllowedUsers::Any()}});
  auto found = roles.Find("web", kClient);
  FakeSource next;
  roles.Set({next.AsRole("backup")});
  EXPECT_EQ(roles.Find("web", kClient), nullptr);
  EXPECT_EQ(roles.First(kClient)->name, "backup");
  EXPECT_EQ(found->source->Get()->access_key_id, "ASIAEXAMPLE");
  found.reset();
  EXPECT_TRUE(alive.expired());
}

AllowedUsers Only(uid_t user) { return *AllowedUsers::Resolve({std::to_string(user)}); }

TEST(Roles, DoNotExistForUsersWhoMayNotHaveThem) {
  FakeSource source;
  ServedRoles roles({source.AsRole("web", Only(4001)), source.AsRole("backup", Only(4002))});
  const Client web{.is_local = true, .user = 4001};
  const Client backup{.is_local = true, .user = 4002};
  EXPECT_EQ(roles.First(web)->name, "web");
  EXPECT_EQ(roles.First(backup)->name, "backup");
  EXPECT_NE(roles.Find("web", web), nullptr);
  EXPECT_EQ(roles.Find("backup", web), nullptr);
  const Client other{.is_local = true, .user = 4003};
  const Client unknown{.is_local = true, .user = std::nullopt};
  for (const Client& stranger : {other, unknown}) {
    EXPECT_EQ(roles.First(stranger), nullptr);
    EXPECT_EQ(roles.Find("web", stranger), nullptr);
  }
}

TEST(Roles, AreForRootAndThisUserAlways) {
  FakeSource source;
  ServedRoles roles({source.AsRole("web", AllowedUsers())});
  for (const uid_t user : {uid_t{0}, geteuid()}) {
    EXPECT_NE(roles.First({.is_local = true, .user = user}), nullptr);
  }
}

TEST(Roles, BeyondLoopbackAreNotAMatterOfUsers) {
  FakeSource source;
  ServedRoles roles({source.AsRole("web", AllowedUsers())});
  EXPECT_NE(roles.First({.is_local = false, .user = std::nullopt}), nullptr);
}

}  // namespace
}  // namespace credmint::serve
