// SPDX-License-Identifier: Apache-2.0
#include "tpm2/device/tpm_error.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace credmint::tpm2 {
namespace {

TEST(TpmErrorTest, SortsCodes) {
  struct Case {
    TSS2_RC code;
    TpmFault fault;
    ErrorCode error;
  };
  for (const Case& c : {
           Case{0x98e, TpmFault::kAuthRefused, ErrorCode::kPinIncorrect},
           Case{0xa8e, TpmFault::kAuthRefused, ErrorCode::kPinIncorrect},
           Case{0x9a2, TpmFault::kAuthRefusedUncounted, ErrorCode::kPinIncorrect},
           Case{0x921, TpmFault::kLockout, ErrorCode::kLockedOut},
           Case{0x902, TpmFault::kNoObjectSlot, ErrorCode::kDevice},
           Case{0x903, TpmFault::kNoSessionSlot, ErrorCode::kDevice},
           Case{0x18b, TpmFault::kNoSuchHandle, ErrorCode::kKeyNotFound},
           Case{0x184, TpmFault::kNoSuchHandle, ErrorCode::kKeyNotFound},
           Case{0x28b, TpmFault::kNoSuchHandle, ErrorCode::kKeyNotFound},
           Case{0x98b, TpmFault::kOther, ErrorCode::kDevice},
           Case{0x99d, TpmFault::kPolicyRefused, ErrorCode::kPolicyUnmet},
           Case{0x9a3, TpmFault::kPolicyRefused, ErrorCode::kPolicyUnmet},
           Case{0x9a4, TpmFault::kPolicyRefused, ErrorCode::kPolicyUnmet},
           Case{0x910, TpmFault::kObjectLost, ErrorCode::kDeviceLost},
           Case{0x911, TpmFault::kObjectLost, ErrorCode::kDeviceLost},
           Case{0x918, TpmFault::kSessionLost, ErrorCode::kDeviceLost},
           Case{0x1df, TpmFault::kBadParameter, ErrorCode::kKeyUnusable},
           Case{0x2c4, TpmFault::kBadParameter, ErrorCode::kKeyUnusable},
           Case{0x904, TpmFault::kNoObjectSlot, ErrorCode::kDevice},
           Case{0x905, TpmFault::kNoSessionSlot, ErrorCode::kDevice},
           Case{0x908, TpmFault::kBusy, ErrorCode::kDevice},
           Case{0x90a, TpmFault::kBusy, ErrorCode::kDevice},
           Case{0x922, TpmFault::kBusy, ErrorCode::kDevice},
           Case{0x185, TpmFault::kHierarchyDisabled, ErrorCode::kDevice},
           Case{0x128, TpmFault::kPcrChanged, ErrorCode::kDevice},
           Case{0x101, TpmFault::kOther, ErrorCode::kDevice},
           Case{0xc0902, TpmFault::kNoObjectSlot,
                ErrorCode::kDevice},  // through a resource manager
           Case{0xa000a, TpmFault::kConnection, ErrorCode::kDevice},
           Case{0x70001, TpmFault::kOther, ErrorCode::kDevice},
       }) {
    const TpmFailure failure(c.code);
    EXPECT_EQ(failure.fault(), c.fault) << std::hex << c.code;
    EXPECT_EQ(failure.ToError().code, c.error) << std::hex << c.code;
  }
}

TEST(TpmErrorTest, SaysWhatToDo) {
  const Error lockout = TpmFailure(0x921).ToError();
  EXPECT_EQ(lockout.message, "the TPM is in dictionary-attack lockout");
  EXPECT_EQ(
      lockout.hint,
      "wait for its recovery time, or reset it with tpm2_dictionarylockout -c; losses of power "
      "count as wrong tries, too, where keys without noda are in use");
  const Error refused = TpmFailure(0x98e).ToError();
  EXPECT_EQ(refused.message, "the TPM refused the auth value (it counts wrong tries)");
  EXPECT_FALSE(refused.hint.empty());
  EXPECT_EQ(TpmFailure(0x9a2).ToError().message, "the TPM refused the auth value");
}

TEST(TpmErrorTest, SaysHowLongALockoutLasts) {
  TpmFailure failure(0x921);
  failure.set_lockout_state(LockoutState{.tries = 3, .limit = 3, .interval = 600});
  EXPECT_EQ(failure.ToError().message,
            "the TPM is in dictionary-attack lockout (3 wrong tries, 3 are allowed)");
  EXPECT_EQ(failure.ToError().hint.substr(0, 51),
            "wait: it forgets one try every 600 seconds; or rese");
  EXPECT_EQ(failure.ToError().retry_after, std::chrono::seconds(600));
  EXPECT_EQ(TpmFailure(0x921).ToError().retry_after, std::chrono::seconds(0)) << "not known";
}

TEST(TpmErrorTest, SaysHowManyTriesAreLeft) {
  TpmFailure failure(0x98e);
  for (const auto& [tries, words] : std::map<UINT32, std::string>{
           {32, "that was the last try, it is locked now"},
           {33, "that was the last try, it is locked now"},
           {31, "1 more wrong try locks it"},
           {30, "2 more wrong tries lock it"},
       }) {
    failure.set_lockout_state(LockoutState{.tries = tries, .limit = 32});
    EXPECT_EQ(failure.ToError().message, "the TPM refused the auth value (" + words + ")");
  }
}

TEST(TpmErrorTest, ExplainsStatesOfTheTpmAlone) {
  EXPECT_EQ(TpmFailure(0x101).ToError().message, "the TPM is in failure mode");
  EXPECT_EQ(TpmFailure(0xc0101).ToError().message, "the TPM is in failure mode");
  const std::string of_another_layer = TpmFailure(0x70101).ToError().message;
  EXPECT_EQ(of_another_layer.find("failure mode"), std::string::npos) << of_another_layer;
}

TEST(TpmErrorTest, KeepsTheWordsOfTheStackForTheRest) {
  EXPECT_EQ(TpmFailure(0xa000a).ToError().message,
            "the connection to the TPM failed: tcti:IO failure (0xa000a)");
}

}  // namespace
}  // namespace credmint::tpm2
