// SPDX-License-Identifier: Apache-2.0
#include "pkcs11/ck_error.h"

#include <gtest/gtest.h>

#include <ostream>
#include <string>

namespace credmint::pkcs11 {
namespace {

TEST(CkNameTest, IsThatOfTheStandard) {
  EXPECT_EQ(CkName(0x00), "CKR_OK");
  EXPECT_EQ(CkName(0x05), "CKR_GENERAL_ERROR");
  EXPECT_EQ(CkName(0x30), "CKR_DEVICE_ERROR");
  EXPECT_EQ(CkName(0xa0), "CKR_PIN_INCORRECT");
  EXPECT_EQ(CkName(0xe0), "CKR_TOKEN_NOT_PRESENT");
  EXPECT_EQ(CkName(0x190), "CKR_CRYPTOKI_NOT_INITIALIZED");
  EXPECT_EQ(CkName(0x200), "CKR_FUNCTION_REJECTED");
}

TEST(CkNameTest, IsANumberForVendorCodes) {
  EXPECT_EQ(CkName(0x80000001UL), "0x80000001");
  EXPECT_EQ(CkName(0x04), "0x4");
}

constexpr const char* kNoReason =
    "the module does not say why: can the vendor's tool use the device, and has the module a log?";

struct Case {
  CK_RV value;
  ErrorCode code;
  const char* message;
  const char* hint;
};

void PrintTo(const Case& test_case, std::ostream* out) { *out << test_case.message; }

class CkErrorTest : public testing::TestWithParam<Case> {};

TEST_P(CkErrorTest, HasCodeAndWords) {
  const Error error = CkError("Login", GetParam().value);
  EXPECT_EQ(error.code, GetParam().code);
  EXPECT_EQ(error.message, GetParam().message);
  EXPECT_EQ(error.hint, GetParam().hint);
}

INSTANTIATE_TEST_SUITE_P(
    Pins, CkErrorTest,
    testing::Values(
        Case{CKR_PIN_INCORRECT, ErrorCode::kPinIncorrect,
             "the token refused the PIN (CKR_PIN_INCORRECT)",
             "it was sent once; wrong PINs are counted, so check it before another try"},
        Case{CKR_PIN_INVALID, ErrorCode::kPinIncorrect,
             "the token refused the format of the PIN (CKR_PIN_INVALID)",
             "its PINs have another length or other characters; pkcs11-tool --list-slots shows the "
             "length"},
        Case{CKR_PIN_LEN_RANGE, ErrorCode::kPinIncorrect,
             "the token refused the format of the PIN (CKR_PIN_LEN_RANGE)",
             "its PINs have another length or other characters; pkcs11-tool --list-slots shows the "
             "length"},
        Case{CKR_PIN_LOCKED, ErrorCode::kPinLocked,
             "the token's user PIN is locked (CKR_PIN_LOCKED)",
             "it must be unlocked with the SO PIN or the vendor's tool"},
        Case{CKR_PIN_EXPIRED, ErrorCode::kPinLocked,
             "the token's user PIN has expired (CKR_PIN_EXPIRED)",
             "set a new one with the vendor's tool or pkcs11-tool --change-pin"}));

INSTANTIATE_TEST_SUITE_P(
    RefusedMechanisms, CkErrorTest,
    testing::Values(
        Case{CKR_MECHANISM_INVALID, ErrorCode::kKeyUnusable, "C_Login: CKR_MECHANISM_INVALID",
             "may the key sign, and with this mechanism? credmint list shows its flags"},
        Case{CKR_MECHANISM_PARAM_INVALID, ErrorCode::kKeyUnusable,
             "C_Login: CKR_MECHANISM_PARAM_INVALID", ""},
        Case{CKR_KEY_FUNCTION_NOT_PERMITTED, ErrorCode::kKeyUnusable,
             "C_Login: CKR_KEY_FUNCTION_NOT_PERMITTED",
             "may the key sign, and with this mechanism? credmint list shows its flags"},
        Case{CKR_KEY_TYPE_INCONSISTENT, ErrorCode::kKeyUnusable,
             "C_Login: CKR_KEY_TYPE_INCONSISTENT", ""},
        Case{CKR_KEY_SIZE_RANGE, ErrorCode::kKeyUnusable, "C_Login: CKR_KEY_SIZE_RANGE", ""}));

INSTANTIATE_TEST_SUITE_P(
    Losses, CkErrorTest,
    testing::Values(
        Case{CKR_DEVICE_REMOVED, ErrorCode::kDeviceLost, "C_Login: CKR_DEVICE_REMOVED",
             "is the device connected?"},
        Case{CKR_TOKEN_NOT_PRESENT, ErrorCode::kDeviceLost, "C_Login: CKR_TOKEN_NOT_PRESENT",
             "is the device connected?"},
        Case{CKR_SESSION_HANDLE_INVALID, ErrorCode::kDeviceLost,
             "C_Login: CKR_SESSION_HANDLE_INVALID", ""},
        Case{CKR_USER_NOT_LOGGED_IN, ErrorCode::kDeviceLost, "C_Login: CKR_USER_NOT_LOGGED_IN", ""},
        Case{CKR_KEY_HANDLE_INVALID, ErrorCode::kDeviceLost, "C_Login: CKR_KEY_HANDLE_INVALID", ""},
        Case{CKR_CRYPTOKI_NOT_INITIALIZED, ErrorCode::kDeviceLost,
             "C_Login: CKR_CRYPTOKI_NOT_INITIALIZED", ""}));

INSTANTIATE_TEST_SUITE_P(WithoutReason, CkErrorTest,
                         testing::Values(Case{CKR_DEVICE_ERROR, ErrorCode::kDeviceLost,
                                              "C_Login: CKR_DEVICE_ERROR", kNoReason},
                                         Case{CKR_GENERAL_ERROR, ErrorCode::kDeviceLost,
                                              "C_Login: CKR_GENERAL_ERROR", kNoReason},
                                         Case{CKR_FUNCTION_FAILED, ErrorCode::kDeviceLost,
                                              "C_Login: CKR_FUNCTION_FAILED", kNoReason}));

INSTANTIATE_TEST_SUITE_P(
    Devices, CkErrorTest,
    testing::Values(Case{CKR_HOST_MEMORY, ErrorCode::kDevice, "C_Login: CKR_HOST_MEMORY", ""},
                    Case{CKR_SESSION_COUNT, ErrorCode::kDevice, "C_Login: CKR_SESSION_COUNT",
                         "other programs use all that the token has: end one"},
                    Case{CKR_USER_PIN_NOT_INITIALIZED, ErrorCode::kDevice,
                         "the token has no user PIN yet (CKR_USER_PIN_NOT_INITIALIZED)",
                         "initialise it first, with the vendor's tool or pkcs11-tool --init-pin"},
                    Case{CKR_FUNCTION_CANCELED, ErrorCode::kDevice,
                         "it was cancelled at the token (CKR_FUNCTION_CANCELED)",
                         "try again, and confirm it at the token"},
                    Case{0x80000001UL, ErrorCode::kDevice, "C_Login: 0x80000001", ""}));

}  // namespace
}  // namespace credmint::pkcs11
