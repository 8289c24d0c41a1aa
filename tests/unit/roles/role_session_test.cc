// SPDX-License-Identifier: Apache-2.0
#include "roles/role_session.h"

#include "unit/roles/role_world.h"

namespace credmint::roles {
namespace {

class RoleSessionTest : public RoleWorld {
 protected:
  Result<std::unique_ptr<RoleSession>> Create(
      const Role& role, RoleSession::Retrying retrying = RoleSession::Retrying::kElsewhere) {
    return RoleSession::Create(role, pool_, retrying);
  }

  std::string FailureOf(const Role& role) {
    const auto session = Create(role);
    return session ? "none" : session.error().message;
  }

  IdentityPool pool_{context_, MakeEnvironment()};
};

TEST_F(RoleSessionTest, MintsWhatTheRoleSays) {
  const auto session = Create(MakeRole("web"));
  ASSERT_TRUE(session) << session.error().message;
  const auto credentials = (*session)->Get();
  ASSERT_TRUE(credentials) << credentials.error().message;
  EXPECT_EQ(credentials->access_key_id, "AK1");
  const auto bodies = service_.Bodies();
  ASSERT_EQ(bodies.size(), 1U);
  EXPECT_NE(bodies[0].find("arn:aws:iam::111122223333:role/demo"), std::string::npos) << bodies[0];
}

TEST_F(RoleSessionTest, LeavesItToOthersToTryAgain) {
  service_.FailWith({ErrorCode::kNetwork, "no answer", ""});
  const auto session = Create(MakeRole("web"));
  ASSERT_TRUE(session);
  EXPECT_EQ((*session)->Get().error().code, ErrorCode::kNetwork);
  EXPECT_EQ(service_.Bodies().size(), 1U);
}

TEST_F(RoleSessionTest, MakesOfALockoutWhatTheIdentitySays) {
  service_.FailWith({ErrorCode::kLockedOut, "in lockout", "", std::chrono::seconds(100)});
  const auto session = Create(MakeRole("web"));
  ASSERT_TRUE(session);
  // No secret has been read, so none was wrong, but none has worked either.
  EXPECT_EQ((*session)->Get().error().code, ErrorCode::kPinLocked);
  service_.GiveCredentials();
  EXPECT_EQ((*session)->Get().error().code, ErrorCode::kPinLocked);
  (*session)->identity().Reload();
  EXPECT_TRUE((*session)->Get());
  service_.FailWith({ErrorCode::kLockedOut, "in lockout", "", std::chrono::seconds(100)});
  EXPECT_EQ((*session)->Get().error().code, ErrorCode::kLockedOut);
}

TEST_F(RoleSessionTest, SaysWhoNamesAnEndpointThatIsNone) {
  Role role = MakeRole("web");
  role.session.endpoint.custom = "https://";
  EXPECT_TRUE(FailureOf(role).starts_with("the endpoint: ")) << FailureOf(role);
}

TEST_F(RoleSessionTest, ChecksTheCaBundle) {
  Role role = MakeRole("web");
  const std::string path = directory_.File("ca.pem");
  role.session.transport.ca_bundle = path;
  EXPECT_TRUE(FailureOf(role).starts_with("the CA bundle: cannot read ")) << FailureOf(role);
  directory_.Write("ca.pem", "none");
  EXPECT_EQ(FailureOf(role), "the CA bundle: " + path + " holds no certificate");
  directory_.Write("ca.pem", test::CertificatePem(ca_.certificate), 0666);
  EXPECT_TRUE(FailureOf(role).starts_with("the CA bundle: ")) << FailureOf(role);
  directory_.Write("ca.pem", test::CertificatePem(ca_.certificate), 0644);
  EXPECT_EQ(FailureOf(role), "none");
}

TEST_F(RoleSessionTest, NeedsItsIdentity) {
  Role role = MakeRole("web");
  IdentitySpec spec = Spec();
  spec.policy_key = Reference("missing.key");
  role.identity = std::make_shared<const IdentitySpec>(std::move(spec));
  EXPECT_NE(FailureOf(role).find("missing.key"), std::string::npos) << FailureOf(role);
}

}  // namespace
}  // namespace credmint::roles
