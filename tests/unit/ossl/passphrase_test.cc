// SPDX-License-Identifier: Apache-2.0
#include "ossl/passphrase.h"

#include <gtest/gtest.h>

#include <ostream>

namespace credmint {
namespace {

struct Case {
  PassphraseKind kind;
  const char* subject;
  const char* info;
};

void PrintTo(const Case& test_case, std::ostream* out) { *out << test_case.info; }

constexpr Case kCases[] = {
    {PassphraseKind::kTokenPin, "token 'prod'", "PIN for token 'prod'"},
    {PassphraseKind::kContextPin, "token 'prod'", "context-specific PIN for token 'prod'"},
    {PassphraseKind::kTpmAuth, "handle:0x81000001", "auth value for handle:0x81000001"},
    {PassphraseKind::kTpmAuthIfAny, "handle:0x81000001",
     "auth value, if any, for handle:0x81000001"},
    {PassphraseKind::kFile, "PKCS12 import pass phrase", "PKCS12 import pass phrase"},
    {PassphraseKind::kFile, "", ""},
    {PassphraseKind::kTokenPin, "", "PIN for "},
    {PassphraseKind::kTokenPin, "PIN for x", "PIN for PIN for x"},
};

class PassphraseTest : public testing::TestWithParam<Case> {};

TEST_P(PassphraseTest, IsWrittenAndReadBack) {
  const auto& [kind, subject, info] = GetParam();
  EXPECT_EQ(FormatPassphraseInfo({kind, subject}), info);
  const PassphraseRequest parsed = ParsePassphraseInfo(info);
  EXPECT_EQ(parsed.kind, kind);
  EXPECT_EQ(parsed.subject, subject);
}

INSTANTIATE_TEST_SUITE_P(Kinds, PassphraseTest, testing::ValuesIn(kCases));

TEST(PassphraseTest, WhatNoProviderOfOursWroteIsAFile) {
  for (const char* info : {"pin for token", "PIN", "PIN for", "the PIN for x", " PIN for x"}) {
    const PassphraseRequest parsed = ParsePassphraseInfo(info);
    EXPECT_EQ(parsed.kind, PassphraseKind::kFile) << info;
    EXPECT_EQ(parsed.subject, info);
  }
}

}  // namespace
}  // namespace credmint
