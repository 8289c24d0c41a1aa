// SPDX-License-Identifier: Apache-2.0
#include "roles/role_identity.h"

#include <optional>

#include "ossl/stores.h"
#include "roles/identity_pool.h"
#include "unit/roles/role_world.h"

namespace credmint::roles {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// A device that is not there.
class AbsentDevice : public Stores {
 public:
  Result<StoreContents> Open(const LibraryContext& /*context*/, const std::string& /*uri*/,
                             const StoreOptions& /*options*/) override {
    ++tried;
    return Fail(ErrorCode::kDevice, "it is absent");
  }
  Result<StoreContents> Read(const LibraryContext& /*context*/, const Secret& /*contents*/,
                             const std::string& /*scheme*/,
                             const StoreOptions& /*options*/) override {
    return Fail(ErrorCode::kInternal, "no test has key files");
  }
  Result<StoreContents> ReadPkcs12(const LibraryContext& context, const Secret& contents,
                                   const StoreOptions& options) override {
    return Read(context, contents, "", options);
  }
  Result<void> Prepare(const LibraryContext& /*context*/, const StoreDevice& /*device*/) override {
    return {};
  }
  void Close() noexcept override {}
  std::vector<StoreFigures> Figures() override { return {}; }
  void SetHidden(std::vector<std::string> /*hidden*/) override {}
  void ForgetInterrupted() override {}

  int tried = 0;
};

class RoleIdentityTest : public RoleWorld {
 protected:
  /// The identity of web.pem, whose key has a passphrase in the file `pin`.
  std::shared_ptr<RoleIdentity> Locked() {
    WriteIdentity("web", "1234");
    directory_.Write("pin", "1234\n");
    IdentitySpec spec = Spec();
    spec.secrets.user = SecretSource::FromFile(directory_.File("pin"));
    return Get(std::move(spec));
  }

  std::shared_ptr<RoleIdentity> Get(IdentitySpec spec) {
    auto identity =
        pool_.Get(std::make_shared<const IdentitySpec>(std::move(spec)), milliseconds(1));
    EXPECT_TRUE(identity) << identity.error().message;
    return *identity;
  }

  /// Opens an identity; returns the error, if any.
  std::optional<Error> Open(RoleIdentity& identity) {
    auto opened = identity.Open(generation_);
    return opened ? std::nullopt : std::optional(opened.error());
  }

  const std::shared_ptr<AbsentDevice> device_ = std::make_shared<AbsentDevice>();
  LibraryContext device_context_ = LibraryContext::Create({}).value();
  unsigned generation_ = 0;
  std::vector<std::string> kept_earlier_;
  IdentityPool pool_{context_, [this] {
                       Environment environment = MakeEnvironment();
                       environment.kept_earlier = [this](const Error& error) {
                         kept_earlier_.push_back(error.message);
                       };
                       return environment;
                     }()};
};

const Error kLockedOut{ErrorCode::kLockedOut, "in lockout", "", seconds(100)};

TEST_F(RoleIdentityTest, OpensWhatTheSpecNames) {
  const auto identity = Get(Spec());
  const auto opened = identity->Open(generation_);
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_EQ((*opened)->leaf().Subject(), "CN=web");
}

TEST_F(RoleIdentityTest, TriesARefusedSecretOnceUntilReload) {
  const auto identity = Locked();
  directory_.Write("pin", "wrong\n");
  ASSERT_EQ(Open(*identity)->code, ErrorCode::kPinIncorrect);
  directory_.Write("pin", "1234\n");
  EXPECT_EQ(Open(*identity)->code, ErrorCode::kPinIncorrect);
  EXPECT_EQ(generation_, 0U);
  identity->Reload();
  EXPECT_FALSE(Open(*identity));
  EXPECT_EQ(generation_, 1U);
}

/// A call that began before the last attempt ended has waited for it.
TEST_F(RoleIdentityTest, ThoseWhoWaitForALostDeviceShareItsFailure) {
  IdentitySpec spec = Spec();
  spec.private_key = KeyReference::Parse("device:gone", KeyReference::Use::kPrivateKey).value();
  device_context_.SetStores(device_, {"device", "the device", {}});
  IdentityPool pool(device_context_, MakeEnvironment());
  const auto identity =
      pool.Get(std::make_shared<const IdentitySpec>(std::move(spec)), milliseconds(1));
  ASSERT_TRUE(identity);
  ASSERT_EQ(Open(**identity)->code, ErrorCode::kDevice);
  const int tried = device_->tried;
  elapsed_ -= milliseconds(1);
  EXPECT_EQ(Open(**identity)->code, ErrorCode::kDevice);
  EXPECT_EQ(device_->tried, tried);
  (*identity)->Reload();
  EXPECT_EQ(Open(**identity)->code, ErrorCode::kDevice);
  EXPECT_GT(device_->tried, tried);
}

TEST_F(RoleIdentityTest, KeepsAnEarlierPairAndSaysWhy) {
  const auto identity = Get(Spec());
  ASSERT_FALSE(Open(*identity));
  directory_.Write("web.pem", "none");
  EXPECT_FALSE(Open(*identity));
  EXPECT_EQ(kept_earlier_.size(), 1U);
}

TEST_F(RoleIdentityTest, LocksOutForGoodWhereNoSecretHasWorked) {
  const auto identity = Locked();
  ASSERT_FALSE(Open(*identity));
  EXPECT_EQ(identity->NoteLockout(kLockedOut).code, ErrorCode::kPinLocked);
  elapsed_ += std::chrono::hours(24);
  EXPECT_EQ(Open(*identity)->code, ErrorCode::kPinLocked);
  identity->Reload();
  EXPECT_FALSE(Open(*identity));
}

TEST_F(RoleIdentityTest, WaitsOutALockoutWithTheSecretThatHasWorked) {
  const auto identity = Locked();
  ASSERT_FALSE(Open(*identity));
  identity->NoteWorked(generation_);
  EXPECT_EQ(identity->NoteLockout(kLockedOut).code, ErrorCode::kLockedOut);
  elapsed_ += seconds(40);
  const auto during = Open(*identity);
  ASSERT_TRUE(during);
  EXPECT_EQ(during->code, ErrorCode::kLockedOut);
  EXPECT_EQ(during->retry_after, seconds(60));
  elapsed_ += seconds(60);
  EXPECT_FALSE(Open(*identity));
}

TEST_F(RoleIdentityTest, TakesASecondLockoutForTheFirst) {
  const auto identity = Locked();
  ASSERT_FALSE(Open(*identity));
  identity->NoteWorked(generation_);
  identity->NoteLockout(kLockedOut);
  elapsed_ += seconds(90);
  EXPECT_EQ(identity->NoteLockout(kLockedOut).retry_after, seconds(10));
}

TEST_F(RoleIdentityTest, DoesNotTakeAnotherSecretForTheOneThatWorked) {
  const auto identity = Locked();
  ASSERT_FALSE(Open(*identity));
  identity->NoteWorked(generation_);
  directory_.Write("pin", "other\n");
  identity->Reload();
  EXPECT_FALSE(Open(*identity));  // the earlier key stays in memory
  EXPECT_EQ(kept_earlier_.size(), 1U);
  EXPECT_EQ(identity->NoteLockout(kLockedOut).code, ErrorCode::kPinLocked);
}

TEST_F(RoleIdentityTest, SaysNothingOfASecretThatWorkedBeforeAReload) {
  const auto identity = Locked();
  ASSERT_FALSE(Open(*identity));
  const unsigned before = generation_;
  identity->Reload();
  ASSERT_FALSE(Open(*identity));
  identity->NoteWorked(before);
  EXPECT_EQ(identity->NoteLockout(kLockedOut).code, ErrorCode::kPinLocked);
}

TEST_F(RoleIdentityTest, IsSharedByEqualSpecsAsLongAsSomebodyHasIt) {
  auto one = Get(Spec());
  EXPECT_EQ(Get(Spec()), one);
  IdentitySpec other = Spec();
  other.allow_weak_key = true;
  EXPECT_NE(Get(std::move(other)), one);
  const std::weak_ptr<RoleIdentity> gone = one;
  one.reset();
  EXPECT_TRUE(gone.expired());
  EXPECT_FALSE(Open(*Get(Spec())));
}

TEST_F(RoleIdentityTest, IsProvenFirstWhereItIsShared) {
  const auto identity = Get(Spec());
  ASSERT_EQ(Get(Spec()), identity);
  EXPECT_FALSE(Open(*identity));
}

TEST_F(RoleIdentityTest, NeedsThePolicysKey) {
  IdentitySpec spec = Spec();
  spec.policy_key = Reference("missing.key");
  const auto identity =
      pool_.Get(std::make_shared<const IdentitySpec>(std::move(spec)), milliseconds(1));
  ASSERT_FALSE(identity);
  EXPECT_EQ(identity.error().code, ErrorCode::kLocalIo);
}

}  // namespace
}  // namespace credmint::roles
