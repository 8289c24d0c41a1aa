// SPDX-License-Identifier: Apache-2.0
#include "cli/output/terminal_prompt.h"

#include <gtest/gtest.h>

namespace credmint::cli {
namespace {

using enum PassphraseKind;

TEST(PromptTextTest, SaysForWhat) {
  const auto text = [](PassphraseKind kind, const char* subject) {
    return PromptText({kind, subject}, PromptReason::kNeeded);
  };
  EXPECT_EQ(text(kTokenPin, "token 'prod'"), "credmint: PIN for token 'prod': ");
  EXPECT_EQ(text(kContextPin, "token 'prod'"), "credmint: context-specific PIN for token 'prod': ");
  EXPECT_EQ(text(kTpmAuth, "handle:0x81000001"), "credmint: auth value for handle:0x81000001: ");
  EXPECT_EQ(text(kTpmAuthIfAny, "handle:0x81000001"),
            "credmint: auth value for handle:0x81000001 (Enter if it has none): ");
  EXPECT_EQ(text(kFile, "web.key"), "credmint: passphrase for web.key: ");
  EXPECT_EQ(text(kForeign, "other:x"), "credmint: passphrase for other:x: ");
}

TEST(PromptTextTest, SaysWhatCameOfTheLastAnswer) {
  EXPECT_EQ(PromptText({kTokenPin, "token 'prod'"}, PromptReason::kRefused),
            "credmint: that PIN was refused\ncredmint: PIN for token 'prod': ");
  EXPECT_EQ(PromptText({kFile, "web.key"}, PromptReason::kRefusedAlready),
            "credmint: that passphrase was refused already\ncredmint: passphrase for web.key: ");
}

TEST(PromptTextTest, LabelCannotDriveTheTerminal) {
  EXPECT_EQ(PromptText({kTokenPin, "token '\x1b[2J\r\nprod\x7f'"}, PromptReason::kNeeded),
            "credmint: PIN for token '?[2J prod?': ");
}

}  // namespace
}  // namespace credmint::cli
