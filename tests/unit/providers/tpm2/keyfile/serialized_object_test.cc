// SPDX-License-Identifier: Apache-2.0
#include "tpm2/keyfile/serialized_object.h"

#include <gtest/gtest.h>

namespace credmint::tpm2 {
namespace {

/// The hashes of "abc" (FIPS 180-4, examples).
constexpr const char* kSha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr const char* kSha384 =
    "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825"
    "a7";

Bytes FromHex(const std::string& text) {
  Bytes bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    bytes.push_back(static_cast<std::uint8_t>(std::stoi(text.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

/// A serialised object: the handle 0x81000001, the name of the area "abc", a type, the area.
Bytes Blob(const std::string& algorithm = "000b", const std::string& hash = kSha256) {
  const std::size_t size = 2 + hash.size() / 2;
  std::string text = "8100000100";
  text += "0123456789abcdef"[size >> 4U];
  text += "0123456789abcdef"[size & 15U];
  return FromHex(text + algorithm + hash + "00000001" + "0003616263");
}

class SerializedObjectTest : public testing::Test {
 protected:
  std::optional<Bytes> Read(ByteView blob) { return AreaInSerialized(blob, digests_); }

 private:
  provider::DigestTable digests_{nullptr};
};

TEST_F(SerializedObjectTest, BelievesNoAreaWhoseNameIsAnother) {
  const Bytes blob = Blob();
  ASSERT_TRUE(Read(blob));
  constexpr std::size_t kHandleEnd = 4;
  constexpr std::size_t kTypeBegin = 40;
  constexpr std::size_t kTypeEnd = 44;
  for (std::size_t i = 0; i < blob.size(); ++i) {
    const bool matters = i >= kHandleEnd && (i < kTypeBegin || i >= kTypeEnd);
    for (unsigned bit = 0; bit < 8; ++bit) {
      Bytes damaged = blob;
      damaged[i] ^= static_cast<std::uint8_t>(1U << bit);
      EXPECT_EQ(Read(damaged).has_value(), !matters) << "byte " << i << " bit " << bit;
    }
  }
}

TEST_F(SerializedObjectTest, BelievesNoBlobThatIsTooShortOrTooLong) {
  Bytes blob = Blob();
  for (std::size_t size = 0; size < blob.size(); ++size) {
    EXPECT_FALSE(Read(ByteView(blob).first(size))) << size;
  }
  blob.push_back(0);
  EXPECT_FALSE(Read(blob));
}

TEST_F(SerializedObjectTest, BelievesNoOtherHashThanSha2) {
  EXPECT_FALSE(Read(Blob("0004", "a9993e364706816aba3e25717850c26c9cd0d89d")));
  EXPECT_FALSE(Read(Blob("0010", kSha256)));
}

TEST_F(SerializedObjectTest, GivesTheAreaWithItsSize) {
  const Bytes area = FromHex("0003616263");
  EXPECT_EQ(Read(Blob()), area);
  EXPECT_EQ(Read(Blob("000c", kSha384)), area);
}

}  // namespace
}  // namespace credmint::tpm2
