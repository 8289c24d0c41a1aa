// SPDX-License-Identifier: Apache-2.0
#include "common/remedy_text.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>

#include "ossl/error_queue.h"

namespace credmint::provider {
namespace {

TEST(RemedyTextTest, HasWordsForWhatTheProvidersGive) {
  for (const Remedy remedy :
       {Remedy::kGiveSecret, Remedy::kGiveHandleAuth, Remedy::kGiveNvAuth, Remedy::kGiveParentAuth,
        Remedy::kGivePolicyAuth, Remedy::kCheckAuthValue, Remedy::kAllowFinalTry,
        Remedy::kNamePolicyKey, Remedy::kGiveCertificate, Remedy::kNameModule, Remedy::kCheckToken,
        Remedy::kListToken, Remedy::kListTpm, Remedy::kNameTcti, Remedy::kConfirmTcti}) {
    EXPECT_NE(RemedyWords(remedy), "") << static_cast<int>(remedy);
  }
}

// TakeOpensslError() treats text after this separator as the error's addition.
TEST(RemedyTextTest, EndsBeforeWhatTheErrorAdds) {
  for (int number = 0; number <= static_cast<int>(kLastRemedy); ++number) {
    const std::string words(RemedyWords(static_cast<Remedy>(number)));
    EXPECT_EQ(words.find(kBehindWords), std::string::npos) << words;
    EXPECT_EQ(words.find("--"), std::string::npos) << words;
  }
}

}  // namespace
}  // namespace credmint::provider
