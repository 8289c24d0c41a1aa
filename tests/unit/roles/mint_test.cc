// SPDX-License-Identifier: Apache-2.0
#include "roles/mint.h"

#include <stdlib.h>

#include "unit/roles/role_world.h"

namespace credmint::roles {
namespace {

class MintTest : public RoleWorld {
 protected:
  MintTest() { setenv("XDG_RUNTIME_DIR", directory_.path().c_str(), 1); }
  ~MintTest() override { unsetenv("XDG_RUNTIME_DIR"); }

  Result<Credentials> MintOf(const Role& role) {
    const auto start = [this]() -> Result<LibraryContext> {
      ++starts_;
      return LibraryContext::Create({});
    };
    return Mint(role, start, MakeEnvironment());
  }

  [[nodiscard]] Role Cached() const {
    Role role = MakeRole("web");
    role.cache = true;
    return role;
  }

  int starts_ = 0;
};

TEST_F(MintTest, AsksTheServiceEachTime) {
  EXPECT_EQ(MintOf(MakeRole("web"))->access_key_id, "AK1");
  EXPECT_EQ(MintOf(MakeRole("web"))->access_key_id, "AK2");
  EXPECT_EQ(starts_, 2);
}

TEST_F(MintTest, StartsNothingForWhatIsInTheCache) {
  const auto minted = MintOf(Cached());
  ASSERT_TRUE(minted) << minted.error().message;
  EXPECT_EQ(MintOf(Cached())->access_key_id, minted->access_key_id);
  EXPECT_EQ(starts_, 1);
  EXPECT_EQ(service_.Bodies().size(), 1U);
}

TEST_F(MintTest, KeepsNoFailure) {
  service_.FailWith({ErrorCode::kServiceRefused, "no", ""});
  EXPECT_EQ(MintOf(Cached()).error().code, ErrorCode::kServiceRefused);
  service_.GiveCredentials();
  EXPECT_TRUE(MintOf(Cached()));
}

TEST_F(MintTest, NeedsAFolderForTheCache) {
  unsetenv("XDG_RUNTIME_DIR");
  unsetenv("RUNTIME_DIRECTORY");
  const auto minted = MintOf(Cached());
  ASSERT_FALSE(minted);
  EXPECT_TRUE(minted.error().message.starts_with("the cache: ")) << minted.error().message;
  EXPECT_EQ(starts_, 0);
}

TEST_F(MintTest, NeedsItsCertificateForTheCache) {
  Role role = Cached();
  IdentitySpec spec = Spec();
  spec.certificate.certificate = Reference("missing.pem");
  role.identity = std::make_shared<const IdentitySpec>(std::move(spec));
  role.session.timeout = std::chrono::milliseconds(1);
  EXPECT_EQ(MintOf(role).error().code, ErrorCode::kLocalIo);
}

TEST_F(MintTest, PassesOnWhatKeepsTheLibraryFromStarting) {
  const auto minted = Mint(
      MakeRole("web"), [] { return Fail(ErrorCode::kModule, "none"); }, MakeEnvironment());
  EXPECT_EQ(minted.error().code, ErrorCode::kModule);
}

TEST_F(MintTest, PassesOnWhatIsWrongWithTheRole) {
  Role role = MakeRole("web");
  role.session.endpoint.custom = "https://";
  EXPECT_EQ(MintOf(role).error().code, ErrorCode::kUsage);
}

}  // namespace
}  // namespace credmint::roles
