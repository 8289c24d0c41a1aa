// SPDX-License-Identifier: Apache-2.0
#include "base/users.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <memory>
#include <sstream>

namespace credmint {
namespace {

/// The output of a command of the system, which asks the same databases.
std::string OutputOf(const std::string& command) {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), &pclose);
  std::array<char, 4096> text{};
  const std::size_t size = fread(text.data(), 1, text.size(), pipe.get());
  return {text.data(), size};
}

TEST(Users, AreFoundByNameAndById) {
  EXPECT_EQ(*ResolveUser("nobody"), static_cast<uid_t>(std::stoul(OutputOf("id -u nobody"))));
  EXPECT_EQ(*ResolveUser("4001"), 4001U);
  EXPECT_EQ(*ResolveUser("0"), 0U);
}

TEST(Users, ThatDoNotExistAreErrors) {
  for (const char* name : {"no-such-user", "", "-1", "4294967295", "99999999999", "0x10", " 0"}) {
    const auto user = ResolveUser(name);
    ASSERT_FALSE(user) << name;
    EXPECT_EQ(user.error().code, ErrorCode::kUsage) << name;
  }
  EXPECT_EQ(ResolveGroup("2123456789").value_or(0), 2123456789) << "an ID need not exist";
  EXPECT_EQ(ResolveGroup("no-such-group").error().code, ErrorCode::kUsage);
  EXPECT_EQ(MembersOfGroup("no-such-group").error().message, "there is no group 'no-such-group'");
}

TEST(Users, OfAGroupIncludeThoseWhosePrimaryGroupItIs) {
  const auto expected = static_cast<uid_t>(std::stoul(OutputOf("id -u games")));
  const auto members = MembersOfGroup("games");  // lists nobody in /etc/group
  ASSERT_TRUE(members);
  EXPECT_EQ(OutputOf("getent group games | cut -d : -f 4"), "\n");
  EXPECT_TRUE(members->contains(expected));
  EXPECT_EQ(*MembersOfGroup(std::to_string(*ResolveGroup("games"))), *members);
}

TEST(Users, HaveNamesWhereThereAreAny) {
  EXPECT_EQ(NameOfUser(0), "root");
  EXPECT_EQ(NameOfUser(4001), "4001");
}

}  // namespace
}  // namespace credmint
