// SPDX-License-Identifier: Apache-2.0
#include "ossl/plain_hmac.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <string>

#include "ossl/encoding.h"

namespace credmint {
namespace {

std::string CodeOf(const std::string& key, const std::string& message) {
  return Hex(PlainHmac(Secret(key)).Of(message));
}

// RFC 4231, test cases 1, 2 and 6.
TEST(PlainHmacTest, GivesThePublishedCodes) {
  EXPECT_EQ(CodeOf(std::string(20, '\x0b'), "Hi There"),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(CodeOf("Jefe", "what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(
      CodeOf(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First"),
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(PlainHmacTest, GivesWhatOpensslGivesForEachLength) {
  for (std::size_t size = 1; size <= 200; ++size) {
    const std::string key(size, 'k');
    const std::string message(size / 2, 'm');
    PlainHmac::Code code{};
    unsigned code_size = 0;
    ASSERT_NE(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
                   reinterpret_cast<const unsigned char*>(message.data()), message.size(),
                   code.data(), &code_size),
              nullptr);
    ASSERT_EQ(CodeOf(key, message), Hex(code)) << size;
  }
}

}  // namespace
}  // namespace credmint
