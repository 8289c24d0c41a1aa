// SPDX-License-Identifier: Apache-2.0
#include "ossl/der_element.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/asn1.h>

namespace credmint {
namespace {

using testing::ElementsAre;

using OctetStringPtr = Handle<ASN1_OCTET_STRING, ASN1_OCTET_STRING_free>;

TEST(DerElementTest, NoPartsMakeAnEmptyElement) {
  EXPECT_THAT(DerElement(kDerSequence, {}), ElementsAre(0x30, 0));
}

TEST(DerElementTest, PartsFollowEachOther) {
  EXPECT_THAT(DerElement(kDerSet, {Bytes{1, 2}, Bytes(), Bytes{3}}), ElementsAre(0x31, 3, 1, 2, 3));
}

/// OpenSSL's decoder refuses lengths that are not as short as possible only where that matters, so
/// the encoding is compared as well.
TEST(DerElementTest, LengthsAreThoseOfOpenssl) {
  for (const std::size_t size : {0U, 1U, 127U, 128U, 255U, 256U, 65535U, 65536U}) {
    const Bytes contents(size, 0xa5);
    const Bytes der = DerElement(kDerOctetString, {contents});
    const std::uint8_t* cursor = der.data();
    const OctetStringPtr decoded(
        d2i_ASN1_OCTET_STRING(nullptr, &cursor, static_cast<long>(der.size())));
    ASSERT_TRUE(decoded) << size;
    EXPECT_EQ(cursor, der.data() + der.size()) << size;
    unsigned char* again = nullptr;
    const int length = i2d_ASN1_OCTET_STRING(decoded.get(), &again);
    EXPECT_EQ(Bytes(again, again + length), der) << size;
    OPENSSL_free(again);
  }
}

}  // namespace
}  // namespace credmint
