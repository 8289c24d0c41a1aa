// SPDX-License-Identifier: Apache-2.0
#include "ossl/error_queue.h"

#include <errno.h>
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <array>

namespace credmint {
namespace {

/// An error library, registered as OpenSSL does for a provider of that name. OpenSSL keeps pointers
/// to the strings, so objects of this class must not be destroyed.
class ErrorLibrary {
 public:
  explicit ErrorLibrary(const char* name) : number_(ERR_get_next_error_library()) {
    strings_[0] = {ERR_PACK(number_, 0, 0), name};
    ERR_load_strings(number_, strings_.data());
  }

  void Raise(int reason, const char* text) const {
    ERR_new();
    ERR_set_error(number_, reason, "%s", text);
  }

 private:
  int number_;
  std::array<ERR_STRING_DATA, 2> strings_{};
};

/// Raises an error as one of our providers does.
void RaiseOurs(int reason, const char* text) {
  static const ErrorLibrary library("credmint-test");
  library.Raise(reason, text);
}

class ErrorQueueTest : public testing::Test {
 protected:
  ErrorQueueTest() { ERR_clear_error(); }
  ~ErrorQueueTest() override { EXPECT_EQ(ERR_peek_error(), 0UL) << "the queue must be empty"; }
};

TEST_F(ErrorQueueTest, SaysSoWhenThereIsNoReason) {
  const Error error = TakeOpensslError(ErrorCode::kDevice);
  EXPECT_EQ(error.code, ErrorCode::kDevice);
  EXPECT_EQ(error.message, "no reason given");
  EXPECT_EQ(error.hint, "");
}

TEST_F(ErrorQueueTest, JoinsReasonsInnermostFirst) {
  ERR_raise(ERR_LIB_PEM, PEM_R_NO_START_LINE);
  ERR_raise_data(ERR_LIB_EVP, EVP_R_DECODE_ERROR, "key %d", 7);
  const Error error = TakeOpensslError(ErrorCode::kMalformed);
  EXPECT_EQ(error.code, ErrorCode::kMalformed);
  EXPECT_EQ(error.message, "no start line; decode error (key 7)");
  EXPECT_EQ(error.hint, "");
}

TEST_F(ErrorQueueTest, SaysTheSameThingOnce) {
  ERR_raise(ERR_LIB_EVP, EVP_R_DECODE_ERROR);
  ERR_raise(ERR_LIB_PEM, PEM_R_NO_START_LINE);
  ERR_raise(ERR_LIB_EVP, EVP_R_DECODE_ERROR);
  EXPECT_EQ(TakeOpensslError(ErrorCode::kMalformed).message, "decode error; no start line");
}

TEST_F(ErrorQueueTest, KeepsAMessageOnOneLine) {
  ERR_raise_data(ERR_LIB_EVP, EVP_R_DECODE_ERROR, "one\ntwo");
  EXPECT_EQ(TakeOpensslError(ErrorCode::kMalformed).message, "decode error (one two)");
}

TEST_F(ErrorQueueTest, NamesTheReasonOfAFailedSystemCall) {
  ERR_raise(ERR_LIB_SYS, ENOENT);
  const Error error = TakeOpensslError(ErrorCode::kLocalIo);
  EXPECT_NE(error.message.find("No such file or directory"), std::string::npos) << error.message;
}

TEST_F(ErrorQueueTest, KeepsCodeMessageAndHintOfOurProviders) {
  RaiseOurs(static_cast<int>(ErrorCode::kPinIncorrect), "the token refused the PIN");
  RaiseOurs(kHintReason, "check it before another try");
  const Error error = TakeOpensslError(ErrorCode::kInternal);
  EXPECT_EQ(error.code, ErrorCode::kPinIncorrect);
  EXPECT_EQ(error.message, "the token refused the PIN");
  EXPECT_EQ(error.hint, "check it before another try");
}

TEST_F(ErrorQueueTest, KeepsARemedyAndWhatIsAddedToItsWords) {
  const int reason = kRemedyReason + static_cast<int>(Remedy::kGiveParentAuth);
  for (const std::string added : {"", "2 more tries", "2 more tries; or so"}) {
    RaiseOurs(static_cast<int>(ErrorCode::kPinRequired), "none was given");
    RaiseOurs(reason, ("give it" + (added.empty() ? "" : "; " + added)).c_str());
    const Error error = TakeOpensslError(ErrorCode::kInternal);
    EXPECT_EQ(error.code, ErrorCode::kPinRequired);
    EXPECT_EQ(error.message, "none was given");
    EXPECT_EQ(error.remedy, Remedy::kGiveParentAuth);
    EXPECT_EQ(error.hint, added);
  }
}

TEST_F(ErrorQueueTest, TakesTheWordsOfAnUnknownRemedyForAHint) {
  RaiseOurs(static_cast<int>(ErrorCode::kDevice), "the token is gone");
  RaiseOurs(kRemedyReason + static_cast<int>(kLastRemedy) + 1, "ask it; twice");
  const Error error = TakeOpensslError(ErrorCode::kInternal);
  EXPECT_EQ(error.message, "the token is gone");
  EXPECT_EQ(error.remedy, Remedy::kNone);
  EXPECT_EQ(error.hint, "ask it; twice");
}

TEST_F(ErrorQueueTest, MakesNoCodeOfAnUnknownReason) {
  for (const int reason : {static_cast<int>(kLastErrorCode) + 1, 999}) {
    RaiseOurs(reason, "later");
    const Error error = TakeOpensslError(ErrorCode::kDevice);
    EXPECT_EQ(error.code, ErrorCode::kDevice) << reason;
    EXPECT_EQ(error.message, "later") << reason;
  }
}

TEST_F(ErrorQueueTest, KeepsHowLongToWait) {
  RaiseOurs(static_cast<int>(ErrorCode::kLockedOut), "locked out");
  RaiseOurs(kHintReason, "wait");
  RaiseOurs(kRetryAfterReason, "600000");
  RaiseOurs(static_cast<int>(ErrorCode::kDevice), "a later one");
  RaiseOurs(kRetryAfterReason, "1");
  const Error error = TakeOpensslError(ErrorCode::kInternal);
  EXPECT_EQ(error.code, ErrorCode::kLockedOut);
  EXPECT_EQ(error.hint, "wait");
  EXPECT_EQ(error.retry_after, std::chrono::minutes(10));
}

TEST_F(ErrorQueueTest, WaitsForNothingThatIsNoNumber) {
  for (const char* text : {"", "soon", "-5"}) {
    RaiseOurs(static_cast<int>(ErrorCode::kLockedOut), "locked out");
    RaiseOurs(kRetryAfterReason, text);
    EXPECT_EQ(TakeOpensslError(ErrorCode::kInternal).retry_after, std::chrono::seconds(0)) << text;
  }
}

TEST_F(ErrorQueueTest, LeavesOpensslsWordsOutWhenOursAreThere) {
  ERR_raise(ERR_LIB_PEM, PEM_R_NO_START_LINE);
  RaiseOurs(static_cast<int>(ErrorCode::kDevice), "the token is gone");
  ERR_raise(ERR_LIB_EVP, EVP_R_DECODE_ERROR);
  const Error error = TakeOpensslError(ErrorCode::kInternal);
  EXPECT_EQ(error.code, ErrorCode::kDevice);
  EXPECT_EQ(error.message, "the token is gone");
  EXPECT_EQ(error.hint, "");
}

TEST_F(ErrorQueueTest, TheFirstOfOurErrorsCountsAndKeepsItsOwnHint) {
  RaiseOurs(static_cast<int>(ErrorCode::kDevice), "the token is gone");
  RaiseOurs(kHintReason, "plug it in");
  RaiseOurs(static_cast<int>(ErrorCode::kKeyNotFound), "no key");
  RaiseOurs(kHintReason, "name another key");
  const Error error = TakeOpensslError(ErrorCode::kInternal);
  EXPECT_EQ(error.code, ErrorCode::kDevice);
  EXPECT_EQ(error.message, "the token is gone");
  EXPECT_EQ(error.hint, "plug it in");
}

TEST_F(ErrorQueueTest, DoesNotTakeReasonsOfOtherProvidersForOurs) {
  static const ErrorLibrary library("other-provider");
  library.Raise(static_cast<int>(ErrorCode::kPinLocked), "its own words");
  const Error error = TakeOpensslError(ErrorCode::kMalformed);
  EXPECT_EQ(error.code, ErrorCode::kMalformed);
  EXPECT_NE(error.message.find("(its own words)"), std::string::npos) << error.message;
}

}  // namespace
}  // namespace credmint
