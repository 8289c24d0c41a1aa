// SPDX-License-Identifier: Apache-2.0
#include <dlfcn.h>
#include <openssl/x509.h>
#include <p11-kit/pkcs11.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>

#include "providers/pkcs11_fixture.h"
#include "support/misbehaving.h"

/// Recovery of a loaded key that loses its session, login, token or module, and signatures with few
/// sessions.
namespace credmint {
namespace {

namespace fs = std::filesystem;
using test::Misbehaving;
using test::SoftHsm;

constexpr const char* kKey = "pkcs11:token=prod;object=key";

class Pkcs11RecoveryTest : public test::Pkcs11Fixture {
 protected:
  void SetUp() override {
    Pkcs11Fixture::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    ASSERT_TRUE(hsm_->GenerateKey("prod", "EC:prime256v1", "key", "01"));
    module_ = Misbehaving::module();
  }

  /// Loads a key whose PIN the provider keeps, so that it can recover by itself.
  Result<PkeyPtr> LoadRemembering() {
    parameters_ = {{"pkcs11-remember-pin", "1"}};
    return Load(kKey);
  }

  /// Writes a file with the PIN, for pin-source; returns its path.
  std::string PinFile(const std::string& pin) {
    Write("pin", pin + "\n");
    const fs::path path = hsm_->directory() / "pin";
    chmod(path.c_str(), 0600);
    return path;
  }

  Result<StoreContents> LoadCertificates(const std::string& label) {
    StoreOptions options = Options(SoftHsm::kPin);
    options.expect = StoreExpect::kCertificate;
    return OpenStore(*library_, "pkcs11:token=prod;object=" + label, options);
  }

  /// Loads begin to belong together, as those of a key and its certificate do.
  void BeginOpening() {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    parameters_ = {{"pkcs11-opening-began", std::to_string(std::chrono::nanoseconds(now).count())}};
  }

  /// Loads the key that has the public half of this one.
  Result<PkeyPtr> LoadSame(const PkeyPtr& key, const char* uri = kKey) {
    unsigned char* der = nullptr;
    const int size = i2d_PUBKEY(key.get(), &der);
    StoreOptions options = Options(SoftHsm::kPin);
    options.octets.emplace_back("pkcs11-public-key", Bytes(der, der + size));
    OPENSSL_free(der);
    auto contents = OpenStore(*library_, uri, options);
    if (!contents) return tl::unexpected(contents.error());
    return std::move(contents->keys.front());
  }

  void ExpectGoodSignature(const PkeyPtr& key) {
    const auto signature = Sign(key.get(), "a message");
    ASSERT_TRUE(signature) << signature.error().message;
    EXPECT_TRUE(OpensslVerifies("key", "a message", *signature));
  }

  std::string SigningError(const PkeyPtr& key) {
    const auto signature = Sign(key.get(), "a message");
    return signature ? "it signed" : signature.error().message;
  }

  /// SoftHSM's functions, as another part of the process would use them.
  static CK_FUNCTION_LIST& Functions() {
    void* library = dlopen(SoftHsm::module().c_str(), RTLD_NOW | RTLD_LOCAL);
    const auto get = reinterpret_cast<CK_C_GetFunctionList>(dlsym(library, "C_GetFunctionList"));
    CK_FUNCTION_LIST* functions = nullptr;
    get(&functions);
    return *functions;
  }

  static CK_SLOT_ID FirstSlot() {
    CK_SLOT_ID slots[8];
    CK_ULONG count = 8;
    Functions().C_GetSlotList(CK_TRUE, slots, &count);
    return slots[0];
  }

  Misbehaving misbehaving_;
};

TEST_F(Pkcs11RecoveryTest, LoadsOfOneOpeningLookAtTheSlotsOnce) {
  WriteCertificate("key");
  BeginOpening();
  ASSERT_TRUE(LoadCertificates("key"));
  misbehaving_.ForgetCalls();
  ASSERT_TRUE(Load(kKey));
  EXPECT_EQ(misbehaving_.Calls("C_GetSlotList"), 0);
  EXPECT_EQ(misbehaving_.Calls("C_GetTokenInfo"), 1) << "for the PIN's state";
  BeginOpening();
  misbehaving_.ForgetCalls();
  ASSERT_TRUE(Load(kKey));
  EXPECT_EQ(misbehaving_.Calls("C_GetSlotList"), 1);
}

TEST_F(Pkcs11RecoveryTest, FinalTryAfterTheLookTakesPermission) {
  WriteCertificate("key");
  BeginOpening();
  ASSERT_TRUE(LoadCertificates("key"));
  misbehaving_.Set("pin-final-try");
  const auto refused = Load(kKey);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kPinLocked);
  EXPECT_EQ(misbehaving_.Calls("C_Login"), 0);
}

TEST_F(Pkcs11RecoveryTest, TokenThatMovedAfterTheLookIsLookedFor) {
  WriteCertificate("key");
  BeginOpening();
  ASSERT_TRUE(LoadCertificates("key"));
  misbehaving_.Set("moved");
  const auto key = Load(kKey);
  ASSERT_TRUE(key) << key.error().message;
  ExpectGoodSignature(*key);
  EXPECT_EQ(misbehaving_.Calls("C_Login"), 1);
}

TEST_F(Pkcs11RecoveryTest, KeyThatHasSignedIsOpenedAgainByOneCall) {
  const auto first = Load(kKey);
  ASSERT_TRUE(first);
  const auto unused = LoadSame(*first);
  ASSERT_TRUE(unused);
  misbehaving_.ForgetCalls();
  const auto key = LoadSame(*first);
  ASSERT_TRUE(key);
  EXPECT_GT(misbehaving_.Calls("C_FindObjectsInit"), 0) << "it has not signed yet";
  ExpectGoodSignature(*key);
  misbehaving_.ForgetCalls();
  const auto known = LoadSame(*first);
  ASSERT_TRUE(known);
  EXPECT_EQ(misbehaving_.Calls(), 1);
  ExpectGoodSignature(*known);
  EXPECT_EQ(misbehaving_.Calls(), 3);
}

TEST_F(Pkcs11RecoveryTest, KnownKeyIsNotOfferedARefusedMechanismAgain) {
  constexpr const char* kRsa = "pkcs11:token=prod;object=rsa";
  ASSERT_TRUE(hsm_->GenerateKey("prod", "rsa:2048", "rsa", "02"));
  misbehaving_.Set("mechanism-absent=CKM_RSA_PKCS");
  const auto first = Load(kRsa);
  ASSERT_TRUE(first);
  const auto key = LoadSame(*first, kRsa);
  ASSERT_TRUE(key);
  ASSERT_TRUE(Sign(key->get(), "a message"));
  misbehaving_.ForgetCalls();
  const auto known = LoadSame(*first, kRsa);
  ASSERT_TRUE(known);
  const auto signature = Sign(known->get(), "a message");
  ASSERT_TRUE(signature);
  EXPECT_EQ(misbehaving_.Calls(), 3);
  EXPECT_TRUE(OpensslVerifies("rsa", "a message", *signature));
}

TEST_F(Pkcs11RecoveryTest, KnownKeyOfAnotherPublicHalfIsNotUsed) {
  const auto first = Load(kKey);
  ASSERT_TRUE(first);
  ASSERT_TRUE(hsm_->GenerateKey("prod", "EC:prime256v1", "other", "02"));
  const auto other = Load("pkcs11:token=prod;object=other");
  ASSERT_TRUE(other);
  const auto key = LoadSame(*first);
  ASSERT_TRUE(key);
  ExpectGoodSignature(*key);
  misbehaving_.ForgetCalls();
  EXPECT_TRUE(LoadSame(*other)) << "the only key of the URI, whatever its public half";
  EXPECT_GT(misbehaving_.Calls("C_FindObjectsInit"), 0);
}

TEST_F(Pkcs11RecoveryTest, KnownKeyWhoseSignatureIsAnothersIsLookedFor) {
  const auto first = Load(kKey);
  ASSERT_TRUE(first);
  const auto key = LoadSame(*first);
  ASSERT_TRUE(key);
  ExpectGoodSignature(*key);
  const auto known = LoadSame(*first);
  ASSERT_TRUE(known);
  misbehaving_.Set("wrong-signature");
  EXPECT_EQ(SigningError(*known), "another key has taken its place");
  misbehaving_.Behave();
  misbehaving_.ForgetCalls();
  const auto again = LoadSame(*first);
  ASSERT_TRUE(again);
  EXPECT_GT(misbehaving_.Calls("C_FindObjectsInit"), 0);
  ExpectGoodSignature(*again);
}

TEST_F(Pkcs11RecoveryTest, KnownKeyBehindALoginThatEndedIsLookedForAfterANewLogin) {
  const auto first = Load(kKey);
  ASSERT_TRUE(first);
  const auto key = LoadSame(*first);
  ASSERT_TRUE(key);
  ExpectGoodSignature(*key);
  Functions().C_CloseAllSessions(FirstSlot());
  misbehaving_.ForgetCalls();
  const auto again = LoadSame(*first);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(misbehaving_.Calls("C_Login"), 1);
  ExpectGoodSignature(*again);
}

struct Loss {
  const char* name;
  const char* fault;
};

class Pkcs11LossTest : public Pkcs11RecoveryTest, public ::testing::WithParamInterface<Loss> {};

TEST_P(Pkcs11LossTest, NextSignatureLogsInAndFindsTheKeyAgainOnce) {
  const auto key = LoadRemembering();
  ASSERT_TRUE(key) << key.error().message;
  misbehaving_.ForgetCalls();
  misbehaving_.Set(GetParam().fault);
  ExpectGoodSignature(*key);
  EXPECT_EQ(misbehaving_.Calls("C_Login"), 1);
  EXPECT_EQ(misbehaving_.Calls("C_SignInit"), 2);
  misbehaving_.Behave();
  misbehaving_.ForgetCalls();
  ExpectGoodSignature(*key);
  EXPECT_EQ(misbehaving_.Calls(), 2) << "afterwards all is as before";
}

TEST_P(Pkcs11LossTest, PinSourceOfTheUriIsReadAgain) {
  const auto key = Load(std::string(kKey) + "?pin-source=file:" + PinFile(SoftHsm::kPin));
  ASSERT_TRUE(key) << key.error().message;
  misbehaving_.Set(GetParam().fault);
  ExpectGoodSignature(*key);
  EXPECT_TRUE(requests_.empty());
}

TEST_P(Pkcs11LossTest, WithoutAPinTheErrorSaysWhatIsMissing) {
  const auto key = Load(kKey);
  ASSERT_TRUE(key);
  misbehaving_.ForgetCalls();
  misbehaving_.Set(GetParam().fault);
  const auto signature = Sign(key->get(), "a message");
  ASSERT_FALSE(signature);
  EXPECT_NE(signature.error().message.find("the token wants its PIN again, which was not kept"),
            std::string::npos)
      << signature.error().message;
  EXPECT_NE(signature.error().message.find("(after C_SignInit: CKR_"), std::string::npos)
      << signature.error().message;
  EXPECT_NE(signature.error().hint.find("pin-source"), std::string::npos);
  EXPECT_EQ(misbehaving_.Calls("C_Login"), 0);
}

TEST_P(Pkcs11LossTest, LoadingAnewAsksForThePinAgain) {
  const auto key = Load(kKey);
  ASSERT_TRUE(key);
  misbehaving_.Set(GetParam().fault);
  EXPECT_FALSE(Sign(key->get(), "a message"));
  misbehaving_.Behave();
  const auto again = Load(kKey);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(requests_.size(), 2U);
  ExpectGoodSignature(*again);
  ExpectGoodSignature(*key);
}

INSTANTIATE_TEST_SUITE_P(Losses, Pkcs11LossTest,
                         ::testing::Values(Loss{"SessionsClosed", "sessions-invalidated"},
                                           Loss{"LoggedOut", "logged-out"},
                                           Loss{"ModuleFinalised", "finalized"}),
                         [](const auto& instance) { return instance.param.name; });

/// The next load finds that the session in the pool is closed.
TEST_F(Pkcs11RecoveryTest, LoadingAfterSomebodyClosedTheSessions) {
  ASSERT_TRUE(Load(kKey));
  Functions().C_CloseAllSessions(FirstSlot());
  const auto key = Load(kKey);
  ASSERT_TRUE(key) << key.error().message;
  ExpectGoodSignature(*key);
}

TEST_F(Pkcs11RecoveryTest, LoadingAfterSomebodyLoggedOut) {
  ASSERT_TRUE(Load(kKey));
  CK_SESSION_HANDLE session = 0;
  Functions().C_OpenSession(FirstSlot(), CKF_SERIAL_SESSION, nullptr, nullptr, &session);
  ASSERT_EQ(Functions().C_Logout(session), CKR_OK);
  const auto key = Load(kKey);
  ASSERT_TRUE(key) << key.error().message;
  ExpectGoodSignature(*key);
}

TEST_F(Pkcs11RecoveryTest, TokenThatFailsOnceIsAskedAgain) {
  const auto key = LoadRemembering();
  ASSERT_TRUE(key);
  for (const char* code : {"CKR_DEVICE_ERROR", "CKR_GENERAL_ERROR", "CKR_FUNCTION_FAILED"}) {
    misbehaving_.ForgetCalls();
    misbehaving_.Set(std::string("sign-once=") + code);
    ExpectGoodSignature(*key);
    EXPECT_EQ(misbehaving_.Calls("C_Sign"), 2) << code;
    EXPECT_EQ(misbehaving_.Calls("C_Login"), 0) << "the login still stands";
  }
}

TEST_F(Pkcs11RecoveryTest, TokenThatAlwaysFailsIsAskedTwice) {
  const auto key = LoadRemembering();
  ASSERT_TRUE(key);
  misbehaving_.ForgetCalls();
  misbehaving_.Set("sign=CKR_DEVICE_ERROR");
  EXPECT_EQ(SigningError(*key),
            "signing with token 'prod': C_Sign: CKR_DEVICE_ERROR (after C_Sign: CKR_DEVICE_ERROR)");
  EXPECT_EQ(misbehaving_.Calls("C_Sign"), 2);
}

TEST_F(Pkcs11RecoveryTest, TokenRemovedAndReturned) {
  const auto key = LoadRemembering();
  ASSERT_TRUE(key);
  misbehaving_.Set("token-removed");
  EXPECT_NE(SigningError(*key).find("slots are empty (after C_SignInit: CKR_DEVICE_REMOVED)"),
            std::string::npos)
      << SigningError(*key);
  misbehaving_.Behave();
  ExpectGoodSignature(*key);
}

TEST_F(Pkcs11RecoveryTest, TokenReturnedInAnotherSlot) {
  const auto key = LoadRemembering();
  ASSERT_TRUE(key);
  misbehaving_.Set("token-removed");
  EXPECT_NE(SigningError(*key), "it signed");
  misbehaving_.Set("moved");
  ExpectGoodSignature(*key);
  EXPECT_EQ(requests_.size(), 1U) << "the PIN goes with the token";
}

TEST_F(Pkcs11RecoveryTest, RefusedPinIsNotSentToTheTokenInAnotherSlotEither) {
  ASSERT_FALSE(Load(kKey, "9999"));
  misbehaving_.Set("moved");
  misbehaving_.ForgetCalls();
  ASSERT_FALSE(Load(kKey, "9999"));
  EXPECT_EQ(misbehaving_.Calls("C_Login"), 0);
}

/// If a token is busy, another token with the same object must not be used instead.
TEST_F(Pkcs11RecoveryTest, TokenThatCannotBeAskedKeepsItsPinFromOthers) {
  ASSERT_TRUE(hsm_->AddToken("other"));
  ASSERT_TRUE(hsm_->GenerateKey("other", "EC:prime256v1", "key", "01"));
  misbehaving_.Set("C_FindObjectsInit=CKR_DEVICE_ERROR");
  const auto key = Load("pkcs11:object=key");
  ASSERT_FALSE(key);
  EXPECT_NE(key.error().message.find("CKR_DEVICE_ERROR"), std::string::npos);
  EXPECT_EQ(misbehaving_.Calls("C_Login"), 0);
}

TEST_F(Pkcs11RecoveryTest, PinThatLockedTheTokenIsNotSentAgain) {
  misbehaving_.Set("locked-by-login");
  for (int i = 0; i < 3; ++i) {
    const auto key = Load(kKey);
    ASSERT_FALSE(key);
    EXPECT_EQ(key.error().code, ErrorCode::kPinLocked);
  }
  EXPECT_EQ(misbehaving_.Calls("C_Login"), 1);
}

/// tpm2-pkcs11 does so while its TPM is in dictionary-attack lockout.
TEST_F(Pkcs11RecoveryTest, PinThatIsLockedWithoutTheTokensFlagMayBeSentAgain) {
  misbehaving_.Set("login=CKR_PIN_LOCKED");
  const auto locked_out = Load(kKey);
  ASSERT_FALSE(locked_out);
  EXPECT_EQ(locked_out.error().code, ErrorCode::kLockedOut);
  EXPECT_EQ(misbehaving_.Calls("C_Login"), 1);
  misbehaving_.Behave();
  EXPECT_TRUE(Load(kKey));
}

/// Some modules answer a wrong PIN with CKR_GENERAL_ERROR; the token's flags show that it counted.
TEST_F(Pkcs11RecoveryTest, PinThatTheTokenCountedIsNotSentAgainWhateverTheCode) {
  misbehaving_.Set("login=CKR_GENERAL_ERROR,pin-count-low");
  for (int i = 0; i < 3; ++i) ASSERT_FALSE(Load(kKey));
  EXPECT_EQ(misbehaving_.Calls("C_Login"), 1);
}

TEST_F(Pkcs11RecoveryTest, PinMayBeSentAgainAfterAFailureThatDidNotCount) {
  misbehaving_.Set("login=CKR_DEVICE_ERROR");
  ASSERT_FALSE(Load(kKey));
  misbehaving_.Behave();
  EXPECT_TRUE(Load(kKey));
}

TEST_F(Pkcs11RecoveryTest, PinThatIsGivenComesBeforeTheOneThatIsRemembered) {
  ASSERT_TRUE(LoadRemembering());
  CK_FUNCTION_LIST& functions = Functions();
  CK_SESSION_HANDLE session = 0;
  functions.C_OpenSession(FirstSlot(), CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr, nullptr,
                          &session);
  CK_UTF8CHAR before[] = {'1', '2', '3', '4'};
  CK_UTF8CHAR after[] = {'4', '3', '2', '1'};
  ASSERT_EQ(functions.C_SetPIN(session, before, 4, after, 4), CKR_OK);
  functions.C_CloseAllSessions(FirstSlot());
  misbehaving_.ForgetCalls();
  const auto key = Load(kKey, "4321");
  ASSERT_TRUE(key) << key.error().message;
  EXPECT_EQ(misbehaving_.Calls("C_Login"), 1);
}

TEST_F(Pkcs11RecoveryTest, ContextPinThatWasRefusedIsNotSentAgainByAnotherLoad) {
  ASSERT_TRUE(hsm_->Tool("prod", {"--keypairgen", "--key-type", "EC:prime256v1", "--label", "twice",
                                  "--id", "02", "--always-auth"})
                  .ok());
  for (int i = 0; i < 3; ++i) {
    StoreOptions options = Options(SoftHsm::kPin);
    options.secrets.emplace_back("pkcs11-context-pin", Secret("9999"));
    const auto contents = OpenStore(*library_, "pkcs11:token=prod;object=twice", options);
    ASSERT_TRUE(contents) << contents.error().message;
    EXPECT_FALSE(Sign(contents->keys.front().get(), "a message"));
  }
  EXPECT_EQ(misbehaving_.Calls("C_Login"), 2) << "one of the user, one for the first signature";
}

TEST_F(Pkcs11RecoveryTest, TwoPublicHalvesOfOneNameAreNotGuessedAt) {
  ASSERT_TRUE(hsm_->GenerateKey("prod", "EC:prime256v1", "key", "01"));
  ASSERT_TRUE(
      hsm_->Tool("prod", {"--keypairgen", "--key-type", "rsa:2048", "--label", "rsa", "--id", "05"})
          .ok());
  const auto key = Load(kKey);
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().code, ErrorCode::kKeyAmbiguous);
}

TEST_F(Pkcs11RecoveryTest, TokenInitialisedAnewHasNoKey) {
  const auto key = LoadRemembering();
  ASSERT_TRUE(key);
  CK_FUNCTION_LIST& functions = Functions();
  const CK_SLOT_ID slot = FirstSlot();
  functions.C_CloseAllSessions(slot);
  std::string label = "prod";
  label.resize(32, ' ');
  std::string pin = SoftHsm::kSoPin;
  ASSERT_EQ(functions.C_InitToken(slot, reinterpret_cast<CK_UTF8CHAR*>(pin.data()), pin.size(),
                                  reinterpret_cast<CK_UTF8CHAR*>(label.data())),
            CKR_OK);
  const std::string error = SigningError(*key);
  EXPECT_NE(error.find("finding the key again: logging in to token 'prod': the token has no user "
                       "PIN yet (after "),
            std::string::npos)
      << error;
}

TEST_F(Pkcs11RecoveryTest, AnotherKeyInItsPlaceIsNotUsed) {
  const auto key = LoadRemembering();
  ASSERT_TRUE(key);
  ASSERT_TRUE(hsm_->Tool("prod", {"--delete-object", "--type", "privkey", "--label", "key"}).ok());
  ASSERT_TRUE(hsm_->Tool("prod", {"--delete-object", "--type", "pubkey", "--label", "key"}).ok());
  ASSERT_TRUE(hsm_->GenerateKey("prod", "EC:prime256v1", "key", "01"));
  misbehaving_.Set("finalized");
  EXPECT_NE(SigningError(*key).find("token 'prod' now holds another key"), std::string::npos)
      << SigningError(*key);
}

/// SoftHSM numbers objects again after each initialisation.
TEST_F(Pkcs11RecoveryTest, OpenKeyIsFoundAgainAfterAnotherLoadInitialisedTheModule) {
  WriteCertificate("leaf");
  const auto key = LoadRemembering();
  ASSERT_TRUE(key);
  misbehaving_.ForgetCalls();
  misbehaving_.Set("rewritten-while-searched,C_GetSessionInfo=CKR_SESSION_HANDLE_INVALID");
  const auto certificates = LoadCertificates("leaf");
  ASSERT_TRUE(certificates) << certificates.error().message;
  ASSERT_EQ(misbehaving_.Calls("C_Initialize"), 1);
  misbehaving_.Behave();
  ExpectGoodSignature(*key);
}

TEST_F(Pkcs11RecoveryTest, OpenKeyKeepsItsLoginWhileAnotherLoadLooksAgain) {
  WriteCertificate("leaf");
  const auto key = Load(kKey);
  ASSERT_TRUE(key);
  misbehaving_.ForgetCalls();
  misbehaving_.Set("rewritten-for-a-moment");
  const auto certificates = LoadCertificates("leaf");
  ASSERT_TRUE(certificates) << certificates.error().message;
  ExpectGoodSignature(*key);
  EXPECT_EQ(misbehaving_.Calls("C_Initialize") + misbehaving_.Calls("C_Login"), 0);
}

TEST_F(Pkcs11RecoveryTest, RememberedPinThatIsRefusedIsSentOnce) {
  const auto key = LoadRemembering();
  ASSERT_TRUE(key);
  misbehaving_.ForgetCalls();
  misbehaving_.Set("logged-out,login=CKR_PIN_INCORRECT");
  EXPECT_NE(SigningError(*key).find("the token refused the PIN"), std::string::npos);
  misbehaving_.Set("login=CKR_PIN_INCORRECT");
  for (int i = 0; i < 3; ++i) EXPECT_NE(SigningError(*key), "it signed");
  EXPECT_EQ(misbehaving_.Calls("C_Login"), 1);
}

TEST_F(Pkcs11RecoveryTest, RefusedPinIsNotSentAgainAtTheNextLoad) {
  ASSERT_FALSE(Load(kKey, "9999"));
  misbehaving_.ForgetCalls();
  const auto again = Load(kKey, "9999");
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::kPinIncorrect);
  EXPECT_NE(again.error().message.find("refused this PIN before"), std::string::npos);
  EXPECT_EQ(misbehaving_.Calls("C_Login"), 0);
  EXPECT_TRUE(Load(kKey)) << "the right one is sent";
}

TEST_F(Pkcs11RecoveryTest, FinalTryTakesPermission) {
  misbehaving_.Set("pin-final-try");
  const auto refused = Load(kKey);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kPinLocked);
  EXPECT_EQ(misbehaving_.Calls("C_Login"), 0);
  parameters_ = {{"pkcs11-allow-final-try", "1"}};
  EXPECT_TRUE(Load(kKey));
}

/// AWS CloudHSM's documentation describes such a token.
TEST_F(Pkcs11RecoveryTest, TokenWithoutReadOnlySessionsIsUsedAllTheSame) {
  misbehaving_.Set("no-read-only-sessions");
  const auto key = Load(kKey);
  ASSERT_TRUE(key) << key.error().message;
  ExpectGoodSignature(*key);
}

/// The exit handlers of a module that is loaded second must also run after ours.
TEST_F(Pkcs11RecoveryTest, ProcessThatExitsWithASecondModuleLoadedDoesNotCrash) {
  library_.reset();
  const pid_t child = fork();
  if (child == 0) {
    StartLibrary();
    module_ = "p11-kit-trust.so";
    for (const char* folder :
         {"/usr/lib/x86_64-linux-gnu/pkcs11/", "/usr/lib/aarch64-linux-gnu/pkcs11/"}) {
      if (fs::exists(std::string(folder) + "p11-kit-trust.so")) {
        module_ = std::string(folder) + "p11-kit-trust.so";
      }
    }
    static_cast<void>(OpenStore(*library_, "pkcs11:object=none", Options("")));
    module_ = SoftHsm::module();
    static Result<PkeyPtr> kept = Fail(ErrorCode::kInternal, "");
    kept = Load(kKey);
    exit(kept && Sign(kept->get(), "a message") ? 42 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status)) << "signal " << WTERMSIG(status);
  EXPECT_EQ(WEXITSTATUS(status), 42);
}

/// The child must not use its parent's sessions, and must initialise the module itself.
TEST_F(Pkcs11RecoveryTest, ChildOfAForkSignsAndItsParentGoesOn) {
  misbehaving_.Set("fork-reset");
  const auto key = LoadRemembering();
  ASSERT_TRUE(key);
  const pid_t child = fork();
  if (child == 0) {
    const auto signature = Sign(key->get(), "from the child");
    _exit(signature && OpensslVerifies("key", "from the child", *signature) ? 42 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 42) << status;
  misbehaving_.ForgetCalls();
  ExpectGoodSignature(*key);
  EXPECT_EQ(misbehaving_.Calls(), 2) << "the parent's session is as it was";
}

TEST_F(Pkcs11RecoveryTest, ChildOfAForkThatEndsLeavesTheParentItsSession) {
  const auto key = LoadRemembering();
  ASSERT_TRUE(key);
  const pid_t child = fork();
  if (child == 0) exit(43);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 43) << status;
  ExpectGoodSignature(*key);
}

class Pkcs11ThreadTest : public Pkcs11RecoveryTest {
 protected:
  static constexpr int kThreads = 8;

  /// Makes `signatures` in each thread and checks the last one of each. Returns the time that the
  /// threads took.
  std::chrono::milliseconds SignInThreads(const PkeyPtr& key, int signatures) {
    const auto begin = std::chrono::steady_clock::now();
    std::vector<Result<Bytes>> last(kThreads, Fail(ErrorCode::kInternal, "none"));
    std::vector<std::thread> threads;
    std::atomic<int> failures = 0;
    for (std::size_t i = 0; i < kThreads; ++i) {
      threads.emplace_back([&, i] {
        for (int n = 0; n < signatures; ++n) {
          last[i] = Sign(key.get(), "thread " + std::to_string(i));
          if (!last[i]) ++failures;
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    const auto time = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - begin);
    EXPECT_EQ(failures, 0);
    for (std::size_t i = 0; i < kThreads; ++i) {
      EXPECT_TRUE(last[i] && OpensslVerifies("key", "thread " + std::to_string(i), *last[i]));
    }
    return time;
  }
};

TEST_F(Pkcs11ThreadTest, EachThreadHasASessionOfItsOwn) {
  const auto key = Load(kKey);
  ASSERT_TRUE(key);
  misbehaving_.ForgetCalls();
  misbehaving_.Set("slow=20");
  SignInThreads(*key, 4);
  const int opened = misbehaving_.Calls("C_OpenSession");
  EXPECT_EQ(opened, kThreads - 1) << "the one of the load is used too";
  SignInThreads(*key, 4);
  EXPECT_EQ(misbehaving_.Calls("C_OpenSession"), opened) << "they are kept";
}

TEST_F(Pkcs11ThreadTest, SlowSignaturesRunAtTheSameTime) {
  const auto key = Load(kKey);
  ASSERT_TRUE(key);
  misbehaving_.Set("slow=20");
  SignInThreads(*key, 4);  // opens the sessions
  misbehaving_.Set("slow=100");
  EXPECT_LT(SignInThreads(*key, 1), std::chrono::milliseconds(kThreads * 100 / 2));
}

TEST_F(Pkcs11ThreadTest, TokenWithOneSessionServesAllThreads) {
  misbehaving_.Set("sessions=1");
  const auto key = Load(kKey);
  ASSERT_TRUE(key) << key.error().message;
  SignInThreads(*key, 10);
  EXPECT_EQ(misbehaving_.Calls("C_Login"), 1);
}

TEST_F(Pkcs11ThreadTest, TokenWithFewSessionsServesAllThreads) {
  const auto key = Load(kKey);
  ASSERT_TRUE(key);
  misbehaving_.Set("sessions=3,slow=5");
  SignInThreads(*key, 10);
}

TEST_F(Pkcs11ThreadTest, ThreadsThatLoseTheLoginTogetherLogInOnce) {
  const auto key = LoadRemembering();
  ASSERT_TRUE(key);
  SignInThreads(*key, 4);
  misbehaving_.ForgetCalls();
  misbehaving_.Set("logged-out");
  SignInThreads(*key, 10);
  EXPECT_EQ(misbehaving_.Calls("C_Login"), 1);
}

TEST_F(Pkcs11ThreadTest, ThreadsThatLoseTheirSessionsTogetherLogInOnce) {
  const auto key = LoadRemembering();
  ASSERT_TRUE(key);
  SignInThreads(*key, 4);
  misbehaving_.ForgetCalls();
  misbehaving_.Set("sessions-invalidated");
  SignInThreads(*key, 10);
  EXPECT_EQ(misbehaving_.Calls("C_Login"), 1);
}

TEST_F(Pkcs11ThreadTest, ThreadsLoadAtTheSameTime) {
  std::vector<std::thread> threads;
  std::atomic<int> loaded = 0;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      StoreOptions options;
      options.properties = "provider=credmint-pkcs11";
      options.parameters = {{"pkcs11-module-path", module_}};
      options.passphrase = [](const PassphraseRequest&) { return Result<Secret>(Secret("1234")); };
      if (OpenStore(*library_, kKey, options)) ++loaded;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(loaded, kThreads);
  EXPECT_EQ(misbehaving_.Calls("C_Login"), 1);
  EXPECT_EQ(misbehaving_.Calls("C_Initialize"), 1);
}

}  // namespace
}  // namespace credmint
