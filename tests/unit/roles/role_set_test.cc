// SPDX-License-Identifier: Apache-2.0
#include "roles/role_set.h"

#include "unit/roles/running_roles.h"

namespace credmint::roles {
namespace {

class RoleSetTest : public RunningRoles {
 protected:
  void Run(std::vector<Role> wanted) {
    const auto set = set_->Set(std::move(wanted));
    ASSERT_TRUE(set) << set.error().message;
    dropped_ = set_->Start();
  }

  /// The access key ID of the first role, or of the role with this name.
  std::string Given(const std::string& name = "") {
    for (const RunningRole& role : set_->roles()) {
      if (!name.empty() && role.name != name) continue;
      const auto credentials = role.refresher->Get();
      return credentials ? credentials->access_key_id : credentials.error().message;
    }
    return "no role";
  }

  std::vector<std::shared_ptr<void>> dropped_;
  std::unique_ptr<RoleSet> set_ =
      std::make_unique<RoleSet>(context_, MakeObserver(), MakeRunningEnvironment());
};

TEST_F(RoleSetTest, GivesOutWhatItsRolesMint) {
  Run(ListOf(MakeRole("one", "first"), MakeRole("two", "second")));
  const auto running = set_->roles();
  ASSERT_EQ(running.size(), 2U);
  EXPECT_EQ(running[0].name, "one");
  EXPECT_EQ(running[1].request.role().text, "arn:aws:iam::111122223333:role/second");
  EXPECT_EQ(running[1].timeout, std::chrono::seconds(10));
  EXPECT_TRUE(running[0].refresher->Get());
  EXPECT_TRUE(running[1].refresher->Get());
  EXPECT_EQ(CountOf("added one"), 1);
  Await("answered", 2);
}

TEST_F(RoleSetTest, NamesARoleOfFlagsByItsArn) {
  Run(ListOf(MakeRole("", "path/to/demo")));
  EXPECT_EQ(set_->roles().at(0).name, "demo");
}

TEST_F(RoleSetTest, MintsAnewForWhatStaysTheSameAndGivesOutTheOldMeanwhile) {
  Run(ListOf(MakeRole("web")));
  const auto before = set_->roles().at(0).refresher;
  ASSERT_EQ(Given(), "AK1");
  Run(ListOf(MakeRole("web")));
  EXPECT_EQ(set_->roles().at(0).refresher, before);
  EXPECT_TRUE(dropped_.empty());
  Await("answered", 2);
  EXPECT_EQ(Given(), "AK2");
  EXPECT_EQ(CountOf("added web"), 1);
}

TEST_F(RoleSetTest, DropsWhatIsNotWantedAnyMore) {
  Run(ListOf(MakeRole("one", "first"), MakeRole("two", "second")));
  Await("answered", 2);
  Run(ListOf(MakeRole("two", "second")));
  EXPECT_EQ(set_->roles().size(), 1U);
  EXPECT_EQ(dropped_.size(), 1U);
}

TEST_F(RoleSetTest, HandsOnCredentialsOfTheSameRoleWithAnotherKey) {
  Run(ListOf(MakeRole("web")));
  ASSERT_EQ(Given(), "AK1");
  WriteIdentity("other");
  service_.FailWith({ErrorCode::kNetwork, "no answer", ""});
  Run(ListOf(MakeRole("web", "demo", "other")));
  EXPECT_EQ(Given(), "AK1");
  EXPECT_EQ(dropped_.size(), 1U);
}

TEST_F(RoleSetTest, HandsOnNothingToAnotherRoleOfTheSameName) {
  Run(ListOf(MakeRole("web", "first")));
  ASSERT_EQ(Given(), "AK1");
  service_.FailWith({ErrorCode::kNetwork, "no answer", ""});
  Run(ListOf(MakeRole("web", "second")));
  EXPECT_NE(Given(), "AK1");
}

TEST_F(RoleSetTest, ChangesNothingIfOneCannotBeHad) {
  Run(ListOf(MakeRole("web")));
  ASSERT_EQ(Given(), "AK1");
  Role bad = MakeRole("bad");
  bad.session.endpoint.custom = "https://";
  const auto set = set_->Set(ListOf(MakeRole("web", "other"), std::move(bad)));
  ASSERT_FALSE(set);
  EXPECT_TRUE(set.error().message.starts_with("role bad: the endpoint: ")) << set.error().message;
  EXPECT_EQ(set_->roles().at(0).request.role().text, "arn:aws:iam::111122223333:role/demo");
  EXPECT_EQ(Given(), "AK1");
}

TEST_F(RoleSetTest, NamesNoRoleOfFlagsThatCannotBeHad) {
  Role bad = MakeRole("");
  bad.session.endpoint.custom = "https://";
  const auto set = set_->Set(ListOf(std::move(bad)));
  ASSERT_FALSE(set);
  EXPECT_TRUE(set.error().message.starts_with("the endpoint: ")) << set.error().message;
}

TEST_F(RoleSetTest, TellsOfAFailureOnceAndOfItsEnd) {
  service_.FailWith({ErrorCode::kServiceBusy, "too busy", ""});
  Run(ListOf(MakeRole("web")));
  Await("answered", 1);
  const std::string failure = "failed web: creating a session: too busy";
  Await(failure);
  for (int i = 0; i < 2; ++i) {
    const int answered = CountOf("answered");
    for (const RunningRole& role : set_->roles()) role.refresher->Reload();
    Await("answered", answered + 1);
  }
  EXPECT_EQ(CountOf(failure), 1);
  service_.GiveCredentials();
  for (const RunningRole& role : set_->roles()) role.refresher->Reload();
  Await("recovered web");
}

TEST_F(RoleSetTest, NeedsNobodyWhoHears) {
  set_ = std::make_unique<RoleSet>(context_, RoleSetObserver(), MakeRunningEnvironment());
  // Not retried before Reload(), so the next call is known to be the first that succeeds.
  service_.FailWith({ErrorCode::kPinIncorrect, "wrong PIN", ""});
  Run(ListOf(MakeRole("web")));
  EXPECT_NE(Given(), "AK1");
  service_.GiveCredentials();
  set_->roles().at(0).refresher->Reload();
  EXPECT_EQ(Given(), "AK1");
}

}  // namespace
}  // namespace credmint::roles
