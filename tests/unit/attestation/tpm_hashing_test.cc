// SPDX-License-Identifier: Apache-2.0
#include "attestation/tpm_hashing.h"

#include <gtest/gtest.h>

#include "ossl/encoding.h"

namespace credmint {
namespace {

class TpmHashingTest : public testing::Test {
 protected:
  Result<LibraryContext> context_ = LibraryContext::Create({});
};

/// FIPS 180-4, "abc".
TEST_F(TpmHashingTest, PartsAreHashedOneAfterTheOther) {
  const auto digest = HashOf(*context_, *FindHash(0x000b), {AsBytes("a"), {}, AsBytes("bc")});
  ASSERT_TRUE(digest);
  EXPECT_EQ(Hex(*digest), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

/// RFC 4231 section 4.3.
TEST_F(TpmHashingTest, TheHmacIsThatOfTheStandard) {
  const auto code = HmacOf(*context_, *FindHash(0x000c), AsBytes("Jefe"),
                           {AsBytes("what do ya want "), AsBytes("for nothing?")});
  ASSERT_TRUE(code);
  EXPECT_EQ(Hex(*code),
            "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e"
            "8e2240ca5e69e2c78b3239ecfab21649");
}

TEST_F(TpmHashingTest, WeakAndUnknownHashesAreNotFound) {
  EXPECT_EQ(FindHash(0x0004), nullptr);  // SHA-1
  EXPECT_EQ(FindHash(0x0010), nullptr);  // none
  EXPECT_EQ(FindHash(0), nullptr);
}

}  // namespace
}  // namespace credmint
