// SPDX-License-Identifier: Apache-2.0
#include "tpm2/device/nv_certificates.h"

#include <gtest/gtest.h>

#include <string>

#include "ossl/encoding.h"
#include "support/der.h"

namespace credmint::tpm2 {
namespace {

using test::Join;

/// SEQUENCE { SEQUENCE {}, SEQUENCE {}, BIT STRING }: the smallest frame of a certificate.
const Bytes kOne = {0x30, 0x08, 0x30, 0x00, 0x30, 0x00, 0x03, 0x02, 0x00, 0x01};
const Bytes kTwo = {0x30, 0x08, 0x30, 0x00, 0x30, 0x00, 0x03, 0x02, 0x00, 0x02};

Bytes Pem(const Bytes& der, const std::string& label = "CERTIFICATE") {
  const std::string text =
      "-----BEGIN " + label + "-----\n" + Base64(der) + "\n-----END " + label + "-----\n";
  return {text.begin(), text.end()};
}

void ExpectNone(const Bytes& contents) {
  const auto read = CertificatesInNv(contents);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, ErrorCode::kCertificate);
  EXPECT_EQ(read.error().message, "it holds something other than certificates");
}

TEST(NvCertificatesTest, RefusesWhatIsNoCertificate) {
  ExpectNone({});
  ExpectNone(Bytes(100, 0x00));
  ExpectNone(Bytes(100, 0xff));
  ExpectNone({'h', 'e', 'l', 'l', 'o'});
  ExpectNone({0x30, 0x80, 0x00, 0x00});              // indefinite length
  ExpectNone({0x30, 0x03, 0x02, 0x01, 0x00});        // a different SEQUENCE
  ExpectNone({0x30, 0x84, 0xff, 0xff, 0xff, 0xff});  // longer than the data
  ExpectNone(Join({{0x30, 0x0a}, Bytes(kOne.begin() + 2, kOne.end()), {5, 0}}));  // a fourth field
  ExpectNone(Pem(kOne, "PRIVATE KEY"));
}

TEST(NvCertificatesTest, RefusesAnythingBehindDerButPadding) {
  ExpectNone(Join({kOne, {'x'}}));
  ExpectNone(Join({kOne, {0x00, 0xff}}));
  ExpectNone(Join({kOne, Bytes(4, 0x00), kTwo}));
}

TEST(NvCertificatesTest, RefusesEveryPartOfACertificate) {
  for (std::size_t size = 0; size < kOne.size(); ++size) {
    ExpectNone(Bytes(kOne.begin(), kOne.begin() + static_cast<std::ptrdiff_t>(size)));
  }
}

TEST(NvCertificatesTest, ReadsDerInAnIndexThatIsTooLarge) {
  for (const std::size_t padding : {0, 1, 1000}) {
    for (const std::uint8_t byte : {std::uint8_t{0x00}, std::uint8_t{0xff}}) {
      EXPECT_EQ(*CertificatesInNv(Join({kOne, Bytes(padding, byte)})), (std::vector<Bytes>{kOne}));
      EXPECT_EQ(*CertificatesInNv(Join({kOne, kTwo, Bytes(padding, byte)})),
                (std::vector<Bytes>{kOne, kTwo}));
    }
  }
}

TEST(NvCertificatesTest, ReadsPemInAnIndexThatIsTooLarge) {
  for (const std::uint8_t byte : {std::uint8_t{0x00}, std::uint8_t{0xff}}) {
    const Bytes padding(100, byte);
    EXPECT_EQ(*CertificatesInNv(Join({Pem(kOne), padding})), (std::vector<Bytes>{kOne}));
    EXPECT_EQ(*CertificatesInNv(Join({{'a', '\n'}, Pem(kOne), Pem(kTwo), padding})),
              (std::vector<Bytes>{kOne, kTwo}));
  }
}

}  // namespace
}  // namespace credmint::tpm2
