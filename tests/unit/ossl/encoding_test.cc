// SPDX-License-Identifier: Apache-2.0
#include "ossl/encoding.h"

#include <gtest/gtest.h>

namespace credmint {
namespace {

TEST(EncodingTest, HexHasTwoLowerCaseDigitsAByte) {
  EXPECT_EQ(Hex({}), "");
  EXPECT_EQ(Hex(Bytes{0x00, 0x0f, 0xa0, 0xff}), "000fa0ff");
}

TEST(EncodingTest, Base64HasTheVectorsOfRfc4648) {
  EXPECT_EQ(Base64({}), "");
  EXPECT_EQ(Base64(AsBytes("f")), "Zg==");
  EXPECT_EQ(Base64(AsBytes("fo")), "Zm8=");
  EXPECT_EQ(Base64(AsBytes("foo")), "Zm9v");
  EXPECT_EQ(Base64(AsBytes("foob")), "Zm9vYg==");
  EXPECT_EQ(Base64(AsBytes("fooba")), "Zm9vYmE=");
  EXPECT_EQ(Base64(AsBytes("foobar")), "Zm9vYmFy");
}

TEST(EncodingTest, Base64UsesTheStandardAlphabet) {
  EXPECT_EQ(Base64(Bytes{0xfb, 0xff, 0xbf}), "+/+/");
}

TEST(EncodingTest, Base64BreaksNoLines) {
  const std::string text = Base64(Bytes(300, 0));
  EXPECT_EQ(text, std::string(400, 'A'));
}

TEST(EncodingTest, AsBytesSeesTheSameMemory) {
  constexpr std::string_view kText("a\0\xff", 3);
  const ByteView bytes = AsBytes(kText);
  EXPECT_EQ(static_cast<const void*>(bytes.data()), kText.data());
  EXPECT_EQ(Bytes(bytes.begin(), bytes.end()), (Bytes{0x61, 0x00, 0xff}));
}

}  // namespace
}  // namespace credmint
