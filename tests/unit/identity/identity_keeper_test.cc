// SPDX-License-Identifier: Apache-2.0
#include "identity/identity_keeper.h"

#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "support/test_pki.h"
#include "unit/identity/certificates.h"

namespace credmint {
namespace {

using namespace std::chrono_literals;
using std::chrono::sys_days;
using test::CertificateSpec;
using test::Named;
using test::Party;
using test::TestKey;
using Opened = Result<std::shared_ptr<const Identity>>;

constexpr const char* kKept =
    "the certificate CN=first, valid until 2026-12-31T23:59:59Z, stays in use: ";

/// A key that opens and matches its certificate, but signs with another private key.
TestKey FaultyKey() { return test::Chimera(test::NewKey(), test::NewKey()); }

/// A keeper whose results of opening are set by the test.
class IdentityKeeperTest : public testing::Test {
 protected:
  ~IdentityKeeperTest() override {
    EXPECT_EQ(ERR_peek_error(), 0UL) << "the queue must be empty";
    EXPECT_EQ(keys_opened_, 0) << "all keys here are in memory";
  }

  Opened Pair(const std::string& name, TestKey key = nullptr) {
    const Party party = test::Issue(Named(name), &ca_, std::move(key));
    auto signing =
        std::make_shared<const SigningKey>(context_, PkeyPtr(test::NewReference(party.key)));
    auto identity =
        CheckIdentity(std::move(signing),
                      {Certificate(X509Ptr(test::NewReference(party.certificate))), {}}, now_);
    return std::make_shared<const Identity>(std::move(identity).value());
  }

  /// Sets the results of the next openings; the last one is repeated.
  void Find(std::deque<Opened> opened) { there_ = std::move(opened); }
  void FindFailure(const std::string& message, ErrorCode code = ErrorCode::kMalformed) {
    Find({Fail(code, message, "do this")});
  }

  /// The subject of the identity from Get(), or the error's message.
  std::string Got() {
    const Opened opened = keeper_.Get();
    return opened ? (*opened)->leaf().Subject() : opened.error().message;
  }

  LibraryContext context_ = LibraryContext::Create({}).value();
  const Party ca_ = test::Issue(test::CaSpec("CA"));
  TimePoint now_ = sys_days(2026y / 6 / 1);
  std::deque<Opened> there_;
  int opened_ = 0;
  int keys_opened_ = 0;
  std::vector<Error> reports_;
  std::vector<std::chrono::milliseconds> pauses_;

  IdentityKeeper keeper_{
      {.open =
           [this] {
             ++opened_;
             Opened opened = there_.front();
             if (there_.size() > 1) there_.pop_front();
             return opened;
           },
       .open_key = [this](const Certificate&) -> Result<std::shared_ptr<const SigningKey>> {
         ++keys_opened_;
         return Fail(ErrorCode::kInternal, "not to be called");
       },
       .open_wrapped = [this](const auto&) -> Result<std::shared_ptr<const SigningKey>> {
         ++keys_opened_;
         return Fail(ErrorCode::kInternal, "not to be called");
       }},
      [this](const Error& error) { reports_.push_back(error); },
      {.clock = [this] { return now_; },
       .sleep = [this](std::chrono::milliseconds time) { pauses_.push_back(time); }}};
};

TEST_F(IdentityKeeperTest, FailsAtOnceWhereNothingIsKept) {
  FindFailure("no key");
  const Opened opened = keeper_.Get();
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code, ErrorCode::kMalformed);
  EXPECT_EQ(opened.error().message, "no key");
  EXPECT_EQ(opened.error().hint, "do this");
  EXPECT_EQ(opened_, 1);
  EXPECT_TRUE(pauses_.empty());
  EXPECT_TRUE(reports_.empty());
}

TEST_F(IdentityKeeperTest, TakesWhatIsThereEachTime) {
  Find({Pair("first"), Pair("rsa", test::NewKey("RSA")), Pair("p384", test::NewKey("P-384"))});
  EXPECT_EQ(Got(), "CN=first");
  EXPECT_EQ(Got(), "CN=rsa");
  EXPECT_EQ(Got(), "CN=p384");
  EXPECT_EQ(opened_, 3);
  EXPECT_TRUE(pauses_.empty());
  EXPECT_TRUE(reports_.empty());
}

TEST_F(IdentityKeeperTest, KeepsTheEarlierPairAndSaysWhyOnce) {
  Find({Pair("first")});
  EXPECT_EQ(Got(), "CN=first");
  FindFailure("half a key");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Got(), "CN=first");
  ASSERT_EQ(reports_.size(), 1U);
  EXPECT_EQ(reports_[0].message, kKept + std::string("half a key"));
  EXPECT_EQ(reports_[0].hint, "do this");
  EXPECT_EQ(reports_[0].code, ErrorCode::kMalformed);
  Find({Pair("second")});
  EXPECT_EQ(Got(), "CN=second");
  EXPECT_EQ(reports_.size(), 1U);
}

TEST_F(IdentityKeeperTest, SaysItAgainWhenTheReasonChangesOrComesBack) {
  Find({Pair("first")});
  Got();
  for (const char* reason : {"a", "b", "a", "a"}) {
    FindFailure(reason);
    EXPECT_EQ(Got(), "CN=first");
  }
  EXPECT_EQ(reports_.size(), 3U);
  Find({Pair("first")});
  Got();
  FindFailure("a");
  Got();
  EXPECT_EQ(reports_.size(), 4U);
}

TEST_F(IdentityKeeperTest, WaitsForWhoeverReplacesTwoFiles) {
  Find({Pair("first"), Fail(ErrorCode::kKeyMismatch, "of two pairs"), Pair("second")});
  EXPECT_EQ(Got(), "CN=first");
  EXPECT_EQ(Got(), "CN=second");
  EXPECT_EQ(pauses_, std::vector{IdentityKeeper::kPause});
  EXPECT_TRUE(reports_.empty());
}

TEST_F(IdentityKeeperTest, LeavesAKeyAloneThatDoesNotSign) {
  Find({Pair("first")});
  Got();
  Find({Pair("second", FaultyKey())});
  EXPECT_EQ(Got(), "CN=first");
  ASSERT_EQ(reports_.size(), 1U);
  EXPECT_EQ(reports_[0].message,
            kKept + std::string("certificate CN=second: the signature that the key made does not "
                                "verify with its certificate"));
}

TEST_F(IdentityKeeperTest, ASignatureThatFailsSaysWhyTheEarlierKeyIsInUse) {
  Find({Pair("first", FaultyKey())});  // the first key makes no test signature
  const Opened first = keeper_.Get();
  ASSERT_TRUE(first.has_value());
  FindFailure("half a certificate");
  const Opened kept = keeper_.Get();
  ASSERT_TRUE(kept.has_value());
  const std::string alone = "the signature that the key made does not verify with its certificate";
  EXPECT_EQ((*first)->Sign("text").error().message, alone);
  const Error error = (*kept)->Sign("text").error();
  EXPECT_EQ(error.code, ErrorCode::kKeyUnusable);
  EXPECT_EQ(error.message, alone + "; the earlier key is in use because of: half a certificate");
  EXPECT_EQ(error.hint, "do this");
}

TEST_F(IdentityKeeperTest, FailsWithBothReasonsOnceTheEarlierCertificateHasExpired) {
  Find({Pair("first")});
  Got();
  FindFailure("half a key");
  now_ = sys_days(2026y / 12 / 31) + 23h + 59min + 59s;
  EXPECT_EQ(Got(), "CN=first");
  now_ += 1s;
  const Opened opened = keeper_.Get();
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code, ErrorCode::kMalformed);
  EXPECT_EQ(opened.error().message,
            "half a key; the earlier one is unusable, too: certificate CN=first: it expired on "
            "2026-12-31 23:59:59 UTC");
  EXPECT_EQ(opened.error().hint, "do this");
  EXPECT_EQ(reports_.size(), 1U);
}

class RefusedPinTest : public IdentityKeeperTest, public testing::WithParamInterface<ErrorCode> {};

TEST_P(RefusedPinTest, IsNotTriedAgainBeforeReload) {
  Find({Pair("first")});
  Got();
  FindFailure("the PIN is wrong", GetParam());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Got(), "CN=first");
  EXPECT_EQ(opened_, 2);
  EXPECT_TRUE(pauses_.empty());
  EXPECT_EQ(reports_.size(), 1U);
  keeper_.Reload();
  EXPECT_EQ(Got(), "CN=first");
  EXPECT_EQ(opened_, 3);
  EXPECT_EQ(reports_.size(), 2U);
  keeper_.Reload();
  Find({Pair("second")});
  EXPECT_EQ(Got(), "CN=second");
}

TEST_P(RefusedPinTest, IsNotTriedAgainWhereNothingIsKept) {
  FindFailure("the PIN is wrong", GetParam());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Got(), "the PIN is wrong");
  EXPECT_EQ(opened_, 1);
  keeper_.Reload();
  Find({Pair("first")});
  EXPECT_EQ(Got(), "CN=first");
}

INSTANTIATE_TEST_SUITE_P(Codes, RefusedPinTest,
                         testing::Values(ErrorCode::kPinIncorrect, ErrorCode::kPinLocked));

// The caller decides when to try again: see RoleIdentity.
TEST_F(IdentityKeeperTest, ALockoutIsMetOnceInACall) {
  Find({Pair("first")});
  Got();
  Find({Fail(ErrorCode::kLockedOut, "locked out")});
  for (int i = 2; i < 5; ++i) {
    Got();
    EXPECT_EQ(opened_, i);
  }
  EXPECT_TRUE(pauses_.empty());
  Find({Pair("second")});
  EXPECT_EQ(Got(), "CN=second");
}

// There is a pause between two attempts, and the second one may be refused.
TEST_F(IdentityKeeperTest, APinRefusedInTheSecondAttemptIsNotTriedAgainEither) {
  Find({Pair("first")});
  Got();
  Find({Fail(ErrorCode::kMalformed, "half a key"), Fail(ErrorCode::kPinIncorrect, "refused")});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Got(), "CN=first");
  EXPECT_EQ(opened_, 3);
  ASSERT_EQ(reports_.size(), 1U);
  EXPECT_EQ(reports_[0].message, kKept + std::string("refused"));
}

// Only a refusal costs a try. A missing passphrase may be unnecessary for the next file.
TEST_F(IdentityKeeperTest, AMissingPassphraseIsNoRefusal) {
  Find({Pair("first")});
  Got();
  FindFailure("it needs a passphrase", ErrorCode::kPinRequired);
  EXPECT_EQ(Got(), "CN=first");
  Find({Pair("second")});
  EXPECT_EQ(Got(), "CN=second");
}

}  // namespace
}  // namespace credmint
