// SPDX-License-Identifier: Apache-2.0
#include "common/params.h"

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/params.h>

#include <array>

namespace credmint::provider {
namespace {

constexpr const char* kName = "name";

class ParamsTest : public testing::Test {
 protected:
  /// Reading parameters must not leave errors in OpenSSL's queue.
  void TearDown() override { EXPECT_EQ(ERR_peek_error(), 0U); }

  static std::array<OSSL_PARAM, 2> Only(OSSL_PARAM param) {
    return {param, OSSL_PARAM_construct_end()};
  }
};

TEST_F(ParamsTest, AbsentOnesAreNothing) {
  const OSSL_PARAM none[] = {OSSL_PARAM_END};
  EXPECT_FALSE(HasParam(none, kName));
  EXPECT_EQ(TextParam(none, kName), std::nullopt);
  EXPECT_FALSE(OctetsParam(none, kName));
  EXPECT_FALSE(SecretParam(none, kName));
}

TEST_F(ParamsTest, ATextEndsWhereItSays) {
  std::string text = "texture";
  const auto params = Only(OSSL_PARAM_construct_utf8_string(kName, text.data(), 4));
  EXPECT_TRUE(HasParam(params.data(), kName));
  EXPECT_EQ(TextParam(params.data(), kName), "text");
}

TEST_F(ParamsTest, ATextWithoutNulIsNotReadBeyondItsEnd) {
  std::array<char, 4> text = {'t', 'e', 'x', 't'};
  const auto params = Only(OSSL_PARAM_construct_utf8_string(kName, text.data(), text.size()));
  EXPECT_EQ(TextParam(params.data(), kName), "text");
}

TEST_F(ParamsTest, ATextEndsAtANul) {
  std::array<char, 32> buffer{"text"};
  const auto params = Only(OSSL_PARAM_construct_utf8_string(kName, buffer.data(), buffer.size()));
  EXPECT_EQ(TextParam(params.data(), kName), "text");
}

TEST_F(ParamsTest, ATextBehindAPointer) {
  char text[] = "text";
  char* pointer = text;
  const auto params = Only(OSSL_PARAM_construct_utf8_ptr(kName, &pointer, 0));
  EXPECT_EQ(TextParam(params.data(), kName), "text");
  pointer = nullptr;
  EXPECT_EQ(TextParam(params.data(), kName), std::nullopt);
}

TEST_F(ParamsTest, OctetsHaveTheirSize) {
  std::array<char, 3> octets = {'a', '\0', 'b'};
  const auto params = Only(OSSL_PARAM_construct_octet_string(kName, octets.data(), octets.size()));
  EXPECT_EQ(OctetsParam(params.data(), kName)->size(), 3U);
  EXPECT_EQ(SecretParam(params.data(), kName)->Reveal(), std::string_view("a\0b", 3));
}

TEST_F(ParamsTest, OctetsBehindAPointer) {
  char octets[] = "ab";
  void* pointer = octets;
  const auto params = Only(OSSL_PARAM_construct_octet_ptr(kName, &pointer, 2));
  EXPECT_EQ(SecretParam(params.data(), kName)->Reveal(), "ab");
}

TEST_F(ParamsTest, AnEmptySecretIsOne) {
  char nothing = 0;
  const auto params = Only(OSSL_PARAM_construct_octet_string(kName, &nothing, 0));
  ASSERT_TRUE(SecretParam(params.data(), kName));
  EXPECT_TRUE(SecretParam(params.data(), kName)->empty());
}

TEST_F(ParamsTest, AnotherTypeIsNothing) {
  int number = 1;
  const auto params = Only(OSSL_PARAM_construct_int(kName, &number));
  EXPECT_TRUE(HasParam(params.data(), kName));
  EXPECT_EQ(TextParam(params.data(), kName), std::nullopt);
  EXPECT_FALSE(OctetsParam(params.data(), kName));
  const auto null = Only({kName, OSSL_PARAM_UTF8_STRING, nullptr, 4, 0});
  EXPECT_EQ(TextParam(null.data(), kName), std::nullopt);
}

}  // namespace
}  // namespace credmint::provider
