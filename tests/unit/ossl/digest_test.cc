// SPDX-License-Identifier: Apache-2.0
#include "ossl/digest.h"

#include <gtest/gtest.h>

namespace credmint {
namespace {

// Examples of FIPS 180-4.
TEST(DigestTest, HasTheVectorsOfSha256) {
  const auto context = LibraryContext::Create({});
  ASSERT_TRUE(context.has_value());
  EXPECT_EQ(Sha256Hex(*context, "").value(),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Sha256Hex(*context, "abc").value(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Sha256Hex(*context, std::string(1'000'000, 'a')).value(),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(DigestTest, CountsZeroBytes) {
  const auto context = LibraryContext::Create({});
  ASSERT_TRUE(context.has_value());
  EXPECT_EQ(Sha256Hex(*context, std::string_view("\0", 1)).value(),
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
}

}  // namespace
}  // namespace credmint
