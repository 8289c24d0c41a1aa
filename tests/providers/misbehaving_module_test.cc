// SPDX-License-Identifier: Apache-2.0
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <p11-kit/pkcs11.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <thread>

#include "support/misbehaving.h"
#include "support/softhsm.h"

/// Calls the misbehaving module directly. This tests faults that come and go while a program runs,
/// which pkcs11-tool cannot show.
namespace credmint::test {
namespace {

using Digest = std::array<CK_BYTE, 32>;

class MisbehavingModuleTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const auto missing = MissingProgram(TokenPrograms())) {
      if (DevicesRequired()) FAIL() << *missing << " is not installed";
      GTEST_SKIP() << *missing << " is not installed";
    }
    hsm_ = SoftHsm::Create("prod");
    ASSERT_NE(hsm_, nullptr) << "SoftHSM does not work";
    ASSERT_TRUE(hsm_->GenerateKey("prod", "EC:prime256v1", "key", "01"));
    void* library = dlopen(Misbehaving::module().c_str(), RTLD_NOW | RTLD_LOCAL);
    ASSERT_NE(library, nullptr) << dlerror();
    const auto get = reinterpret_cast<CK_C_GetFunctionList>(dlsym(library, "C_GetFunctionList"));
    ASSERT_EQ(get(&module_), CKR_OK);
    ASSERT_EQ(module_->C_Initialize(&locking_), CKR_OK);
    slot_ = FirstSlot();
    session_ = Open();
    LogIn();
    key_ = Find(CKO_PRIVATE_KEY);
  }

  void TearDown() override {
    misbehaving_.Behave();
    if (module_ != nullptr) module_->C_Finalize(nullptr);
  }

  CK_SLOT_ID FirstSlot() {
    std::array<CK_SLOT_ID, 4> slots{};
    CK_ULONG count = slots.size();
    EXPECT_EQ(module_->C_GetSlotList(CK_TRUE, slots.data(), &count), CKR_OK);
    EXPECT_GT(count, 0U);
    return slots[0];
  }

  CK_RV OpenInto(CK_SESSION_HANDLE& session) {
    return module_->C_OpenSession(slot_, CKF_SERIAL_SESSION, nullptr, nullptr, &session);
  }

  CK_SESSION_HANDLE Open() {
    CK_SESSION_HANDLE session = CK_INVALID_HANDLE;
    EXPECT_EQ(OpenInto(session), CKR_OK);
    return session;
  }

  void LogIn() {
    std::string pin = SoftHsm::kPin;
    EXPECT_EQ(module_->C_Login(session_, CKU_USER, reinterpret_cast<CK_UTF8CHAR_PTR>(pin.data()),
                               pin.size()),
              CKR_OK);
  }

  CK_OBJECT_HANDLE Find(CK_OBJECT_CLASS kind) {
    CK_ATTRIBUTE search = {CKA_CLASS, &kind, sizeof kind};
    CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
    CK_ULONG count = 0;
    EXPECT_EQ(module_->C_FindObjectsInit(session_, &search, 1), CKR_OK);
    EXPECT_EQ(module_->C_FindObjects(session_, &object, 1, &count), CKR_OK);
    EXPECT_EQ(module_->C_FindObjectsFinal(session_), CKR_OK);
    return object;
  }

  CK_RV SignIn(CK_SESSION_HANDLE session) {
    CK_MECHANISM mechanism = {CKM_ECDSA, nullptr, 0};
    const CK_RV result = module_->C_SignInit(session, &mechanism, key_);
    if (result != CKR_OK) return result;
    Digest digest{};
    std::array<CK_BYTE, 128> signature{};
    CK_ULONG size = signature.size();
    return module_->C_Sign(session, digest.data(), digest.size(), signature.data(), &size);
  }

  CK_RV Sign() { return SignIn(session_); }

  Misbehaving misbehaving_;
  std::unique_ptr<SoftHsm> hsm_;
  CK_C_INITIALIZE_ARGS locking_ = {nullptr, nullptr, nullptr, nullptr, CKF_OS_LOCKING_OK, nullptr};
  CK_FUNCTION_LIST* module_ = nullptr;
  CK_SLOT_ID slot_ = 0;
  CK_SESSION_HANDLE session_ = CK_INVALID_HANDLE;
  CK_OBJECT_HANDLE key_ = CK_INVALID_HANDLE;
};

TEST_F(MisbehavingModuleTest, FaultThatComesOnceComesAgainWhenSetAgain) {
  EXPECT_EQ(Sign(), CKR_OK);
  for (int i = 0; i < 2; ++i) {
    misbehaving_.Set("sign-once=CKR_DEVICE_ERROR");
    EXPECT_EQ(Sign(), CKR_DEVICE_ERROR);
    EXPECT_EQ(Sign(), CKR_OK);
  }
}

TEST_F(MisbehavingModuleTest, FaultsChangeWhileItRuns) {
  misbehaving_.Set("sign=CKR_DEVICE_ERROR");
  EXPECT_EQ(Sign(), CKR_DEVICE_ERROR);
  EXPECT_EQ(Sign(), CKR_DEVICE_ERROR);
  misbehaving_.Behave();
  EXPECT_EQ(Sign(), CKR_OK);
}

TEST_F(MisbehavingModuleTest, InvalidatesAllSessionsOnce) {
  const CK_SESSION_HANDLE other = Open();
  misbehaving_.Set("sessions-invalidated");
  EXPECT_EQ(Sign(), CKR_SESSION_HANDLE_INVALID);
  EXPECT_EQ(SignIn(other), CKR_SESSION_HANDLE_INVALID);
  session_ = Open();
  LogIn();
  key_ = Find(CKO_PRIVATE_KEY);
  EXPECT_EQ(Sign(), CKR_OK);
}

TEST_F(MisbehavingModuleTest, LogsOutOnce) {
  misbehaving_.Set("logged-out");
  EXPECT_NE(Sign(), CKR_OK);
  LogIn();
  key_ = Find(CKO_PRIVATE_KEY);
  EXPECT_EQ(Sign(), CKR_OK);
}

TEST_F(MisbehavingModuleTest, IsFinalizedUntilItIsInitialisedAgain) {
  misbehaving_.Set("finalized");
  EXPECT_EQ(Sign(), CKR_CRYPTOKI_NOT_INITIALIZED);
  EXPECT_EQ(OpenInto(session_), CKR_CRYPTOKI_NOT_INITIALIZED);
  EXPECT_EQ(module_->C_Initialize(&locking_), CKR_OK);
  session_ = Open();
}

TEST_F(MisbehavingModuleTest, RemovedTokenTakesItsSessionsAlong) {
  misbehaving_.Set("token-removed");
  EXPECT_EQ(Sign(), CKR_DEVICE_REMOVED);
  CK_ULONG count = 0;
  EXPECT_EQ(module_->C_GetSlotList(CK_TRUE, nullptr, &count), CKR_OK);
  EXPECT_EQ(count, 0U);
  CK_TOKEN_INFO info{};
  EXPECT_EQ(module_->C_GetTokenInfo(slot_, &info), CKR_TOKEN_NOT_PRESENT);
  misbehaving_.Set("moved");
  EXPECT_EQ(Sign(), CKR_SESSION_HANDLE_INVALID);
  EXPECT_EQ(FirstSlot(), slot_ + 1);
  slot_ = FirstSlot();
  session_ = Open();
  CK_SESSION_INFO session{};
  EXPECT_EQ(module_->C_GetSessionInfo(session_, &session), CKR_OK);
  EXPECT_EQ(session.slotID, slot_);
}

TEST_F(MisbehavingModuleTest, LimitsSessions) {
  misbehaving_.Set("sessions=2");
  CK_SESSION_HANDLE second = CK_INVALID_HANDLE;
  CK_SESSION_HANDLE third = CK_INVALID_HANDLE;
  EXPECT_EQ(OpenInto(second), CKR_OK);
  EXPECT_EQ(OpenInto(third), CKR_SESSION_COUNT);
  EXPECT_EQ(module_->C_CloseSession(second), CKR_OK);
  EXPECT_EQ(OpenInto(third), CKR_OK);
}

TEST_F(MisbehavingModuleTest, LiesAboutLengths) {
  std::array<CK_BYTE, 16> id{};
  CK_ATTRIBUTE attribute = {CKA_ID, id.data(), id.size()};
  misbehaving_.Set("huge-attribute=CKA_ID");
  EXPECT_EQ(module_->C_GetAttributeValue(session_, key_, &attribute, 1), CKR_OK);
  EXPECT_GT(attribute.ulValueLen, CK_ULONG{1} << 30);
  misbehaving_.Set("long-attribute=CKA_ID");
  attribute.ulValueLen = id.size();
  EXPECT_EQ(module_->C_GetAttributeValue(session_, key_, &attribute, 1), CKR_BUFFER_TOO_SMALL);
  EXPECT_EQ(attribute.ulValueLen, id.size() + 4096);
  misbehaving_.Set("absent-attribute=CKA_ID");
  attribute.ulValueLen = id.size();
  EXPECT_EQ(module_->C_GetAttributeValue(session_, key_, &attribute, 1),
            CKR_ATTRIBUTE_TYPE_INVALID);
  EXPECT_EQ(attribute.ulValueLen, CK_UNAVAILABLE_INFORMATION);
}

TEST_F(MisbehavingModuleTest, TakesItsTime) {
  misbehaving_.Set("slow=50");
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(Sign(), CKR_OK);
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(50));
}

TEST_F(MisbehavingModuleTest, CountsCalls) {
  misbehaving_.ForgetCalls();
  EXPECT_EQ(Sign(), CKR_OK);
  EXPECT_EQ(misbehaving_.Calls("C_Sign"), 1);
  EXPECT_EQ(misbehaving_.Calls(), 2);
}

TEST_F(MisbehavingModuleTest, ChildHasToInitialiseItAgain) {
  misbehaving_.Set("fork-reset");
  EXPECT_EQ(Sign(), CKR_OK);
  const pid_t child = fork();
  if (child == 0) {
    const bool refused = Sign() == CKR_CRYPTOKI_NOT_INITIALIZED &&
                         module_->C_Finalize(nullptr) == CKR_CRYPTOKI_NOT_INITIALIZED;
    const bool again = module_->C_Initialize(&locking_) == CKR_OK;
    const bool fresh = Sign() == CKR_SESSION_HANDLE_INVALID && OpenInto(session_) == CKR_OK;
    _exit(refused && again && fresh ? 42 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 42);
  EXPECT_EQ(Sign(), CKR_OK);
}

TEST_F(MisbehavingModuleTest, ThreadsSignWhileFaultsStrike) {
  misbehaving_.Set("sign-once=CKR_DEVICE_ERROR,sessions-invalidated");
  std::array<CK_SESSION_HANDLE, 8> sessions{};
  for (CK_SESSION_HANDLE& session : sessions) session = Open();
  std::array<bool, 8> ended{};
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < sessions.size(); ++i) {
    threads.emplace_back([&, i] {
      CK_RV result = CKR_OK;
      for (int n = 0; n < 20 && result == CKR_OK; ++n) result = SignIn(sessions[i]);
      ended[i] = result != CKR_OK;
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const bool each : ended) EXPECT_TRUE(each);
}

}  // namespace
}  // namespace credmint::test
