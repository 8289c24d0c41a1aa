// SPDX-License-Identifier: Apache-2.0
#include "roles/role_session.h"

#include "base/read_file.h"
#include "identity/device_loss.h"
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

  /// A role with the identity "a" and the spare "b".
  Role WithSpare() {
    for (const char* name : {"a", "b"}) WriteIdentity(name);
    Role role = MakeRole("web", "demo", "a");
    role.identity_name = "a";
    role.spares.push_back({"b", std::make_shared<const IdentitySpec>(Spec("b"))});
    return role;
  }

  Environment MakeTellingEnvironment() {
    Environment environment = MakeEnvironment();
    environment.changed_identity = [this](const Role& /*role*/, const IdentityChange& change) {
      told_.push_back(change.from + " to " + change.to + ": " +
                      (change.loss ? change.loss->message : "back"));
    };
    return environment;
  }

  /// Whether the request has the certificate of WriteIdentity(name). Its PEM is compared as text.
  [[nodiscard]] bool IsSignedBy(const std::string& name, const HttpRequest& request) const {
    const auto file = ReadFile(directory_.File(name + ".pem"));
    std::string pem(file->Reveal());
    std::erase(pem, '\n');
    const auto certificate = FindHeader(request.headers, "X-Amz-X509");
    return certificate && pem.find("-" + std::string(*certificate) + "-") != std::string::npos;
  }

  void FailFirst(ErrorCode code) {
    service_.FailSome([this](const HttpRequest& request) { return IsSignedBy("a", request); },
                      {code, "gone", ""});
  }

  /// Whether a spare mints after this failure of the first.
  bool GetWithSpareAfter(ErrorCode code) {
    const auto session = Create(WithSpare());
    FailFirst(code);
    return (*session)->Get().has_value();
  }

  std::vector<std::string> told_;
  IdentityPool pool_{context_, MakeTellingEnvironment()};
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
  (*session)->Reload();
  EXPECT_TRUE((*session)->Get());
  service_.FailWith({ErrorCode::kLockedOut, "in lockout", "", std::chrono::seconds(100)});
  EXPECT_EQ((*session)->Get().error().code, ErrorCode::kLockedOut);
}

TEST_F(RoleSessionTest, UsesASpareAfterTheLossOfADeviceAlone) {
  for (const ErrorCode code : {ErrorCode::kTokenAbsent, ErrorCode::kModuleFailed,
                               ErrorCode::kDevice, ErrorCode::kDeviceLost}) {
    EXPECT_TRUE(GetWithSpareAfter(code)) << static_cast<int>(code);
  }
  for (int code = 1; code <= static_cast<int>(kLastErrorCode); ++code) {
    if (IsDeviceLoss(static_cast<ErrorCode>(code))) continue;
    EXPECT_FALSE(GetWithSpareAfter(static_cast<ErrorCode>(code))) << code;
  }
}

TEST_F(RoleSessionTest, TellsOnceThatASpareIsUsedAndThatTheFirstIsBack) {
  const auto session = Create(WithSpare());
  ASSERT_TRUE(session);
  ASSERT_TRUE((*session)->Get());
  EXPECT_EQ((*session)->spare_in_use(), "");
  FailFirst(ErrorCode::kDevice);
  for (int n = 0; n < 3; ++n) ASSERT_TRUE((*session)->Get());
  EXPECT_EQ((*session)->spare_in_use(), "b");
  service_.GiveCredentials();
  for (int n = 0; n < 3; ++n) ASSERT_TRUE((*session)->Get());
  EXPECT_EQ((*session)->spare_in_use(), "");
  const std::vector<std::string> told = {"a to b: creating a session: gone", "b to a: back"};
  EXPECT_EQ(told_, told);
}

TEST_F(RoleSessionTest, NamesEachIdentityThatFails) {
  const auto session = Create(WithSpare());
  ASSERT_TRUE(session);
  service_.FailWith({ErrorCode::kDevice, "gone", ""});
  EXPECT_EQ((*session)->Get().error().message,
            "identity b: creating a session: gone; identity a is lost: creating a session: gone");
  service_.FailWith({ErrorCode::kPinIncorrect, "wrong", ""});
  const auto refused = (*session)->Get();
  EXPECT_EQ(refused.error().message, "identity a: creating a session: wrong");
  EXPECT_EQ(refused.error().code, ErrorCode::kPinIncorrect);
}

/// The first may come back without SIGHUP, so the role must go on asking.
TEST_F(RoleSessionTest, ARefusedPinOfASpareDoesNotEndTheTries) {
  const auto session = Create(WithSpare());
  ASSERT_TRUE(session);
  service_.AnswerBy([this](const HttpRequest& request) -> Result<HttpResponse> {
    if (IsSignedBy("a", request)) return Fail(ErrorCode::kTokenAbsent, "gone");
    return Fail(ErrorCode::kPinIncorrect, "wrong");
  });
  EXPECT_EQ((*session)->Get().error().code, ErrorCode::kTokenAbsent);
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
