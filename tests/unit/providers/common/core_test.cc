// SPDX-License-Identifier: Apache-2.0
#include "common/core.h"

#include <gtest/gtest.h>
#include <openssl/err.h>

#include <array>
#include <cstdarg>
#include <string>
#include <vector>

#include "common/remedy_text.h"
#include "ossl/error_queue.h"

namespace credmint::provider {
namespace {

/// The number of an error library like the one that OpenSSL registers for one of our providers.
/// OpenSSL keeps pointers to the strings.
int Library() {
  static const int number = ERR_get_next_error_library();
  static std::array<ERR_STRING_DATA, 2> strings{{{ERR_PACK(number, 0, 0), "credmint-test"}, {}}};
  static const int loaded = ERR_load_strings(number, strings.data());
  static_cast<void>(loaded);
  return number;
}

void NewError(const OSSL_CORE_HANDLE* /*handle*/) { ERR_new(); }

void VsetError(const OSSL_CORE_HANDLE* /*handle*/, std::uint32_t reason, const char* format,
               va_list arguments) {
  ERR_vset_error(Library(), static_cast<int>(reason), format, arguments);
}

class CoreRaiseTest : public testing::Test {
 protected:
  CoreRaiseTest() { ERR_clear_error(); }
  ~CoreRaiseTest() override { EXPECT_EQ(ERR_peek_error(), 0UL) << "the queue must be empty"; }

  static void Raise(const Error& error) {
    const std::array<OSSL_DISPATCH, 3> functions = {
        {{OSSL_FUNC_CORE_NEW_ERROR, reinterpret_cast<void (*)()>(NewError)},
         {OSSL_FUNC_CORE_VSET_ERROR, reinterpret_cast<void (*)()>(VsetError)},
         {0, nullptr}}};
    Core(nullptr, functions.data(), Linkage::kModule).Raise(error);
  }

  static void ExpectToSurvive(const Error& error) {
    Raise(error);
    const Error taken = TakeOpensslError(ErrorCode::kInternal);
    EXPECT_EQ(taken.code, error.code);
    EXPECT_EQ(taken.message, error.message);
    EXPECT_EQ(taken.remedy, error.remedy);
    EXPECT_EQ(taken.hint, error.hint);
    EXPECT_EQ(taken.retry_after, error.retry_after);
  }

  /// The texts of the queue's entries, as programs other than credmint print them.
  static std::vector<std::string> Texts() {
    std::vector<std::string> texts;
    const char* data = nullptr;
    while (ERR_get_error_all(nullptr, nullptr, nullptr, &data, nullptr) != 0) {
      texts.emplace_back(data);
    }
    return texts;
  }
};

TEST_F(CoreRaiseTest, ErrorsSurviveTheQueue) {
  ExpectToSurvive({ErrorCode::kDevice, "the token is gone", {}});
  ExpectToSurvive({ErrorCode::kDevice, "the token is gone", "plug it in; and wait"});
  ExpectToSurvive({ErrorCode::kLockedOut, "locked", "wait", std::chrono::minutes(10)});
  for (int number = 1; number <= static_cast<int>(kLastRemedy); ++number) {
    const auto remedy = static_cast<Remedy>(number);
    ExpectToSurvive(MakeError(ErrorCode::kPinRequired, "none was given", remedy));
    ExpectToSurvive(MakeError(ErrorCode::kPinRequired, "none was given", remedy, "2 more; or 3"));
    ExpectToSurvive({ErrorCode::kLockedOut, "locked", "now", std::chrono::minutes(1), remedy});
  }
}

TEST_F(CoreRaiseTest, OtherProgramsPrintASentence) {
  Raise(MakeError(ErrorCode::kPinRequired, "none was given", Remedy::kGiveHandleAuth, "2 more"));
  const std::string words(RemedyWords(Remedy::kGiveHandleAuth));
  EXPECT_EQ(Texts(), (std::vector<std::string>{"none was given", words + "; 2 more"}));
  Raise({ErrorCode::kDevice, "the token is gone", "plug it in"});
  EXPECT_EQ(Texts(), (std::vector<std::string>{"the token is gone", "plug it in"}));
}

TEST_F(CoreRaiseTest, WhatIsTooLongForOpensslIsCut) {
  Raise(MakeError(ErrorCode::kModule, "x", Remedy::kNameModule, std::string(2000, 'y')));
  const Error taken = TakeOpensslError(ErrorCode::kInternal);
  EXPECT_EQ(taken.remedy, Remedy::kNameModule);
  EXPECT_TRUE(taken.hint.starts_with("yyyy") && taken.hint.ends_with("y...")) << taken.hint;
}

}  // namespace
}  // namespace credmint::provider
