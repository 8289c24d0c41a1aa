// SPDX-License-Identifier: Apache-2.0
#include "tpm2/signing/public_area.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

namespace credmint::tpm2 {
namespace {

using provider::KeyType;

constexpr TPMA_OBJECT kSign = TPMA_OBJECT_SIGN_ENCRYPT | TPMA_OBJECT_USERWITHAUTH;

TPM2B_PUBLIC EcArea(TPMI_ECC_CURVE curve = TPM2_ECC_NIST_P256, UINT16 size = 32) {
  TPM2B_PUBLIC area{};
  area.publicArea.type = TPM2_ALG_ECC;
  area.publicArea.nameAlg = TPM2_ALG_SHA256;
  area.publicArea.objectAttributes = kSign;
  area.publicArea.parameters.eccDetail.curveID = curve;
  area.publicArea.parameters.eccDetail.scheme.scheme = TPM2_ALG_NULL;
  area.publicArea.unique.ecc.x.size = size;
  area.publicArea.unique.ecc.y.size = size;
  std::fill_n(area.publicArea.unique.ecc.x.buffer, size, 0x11);
  std::fill_n(area.publicArea.unique.ecc.y.buffer, size, 0x22);
  return area;
}

TPM2B_PUBLIC RsaArea(UINT16 bits = 2048) {
  TPM2B_PUBLIC area{};
  area.publicArea.type = TPM2_ALG_RSA;
  area.publicArea.nameAlg = TPM2_ALG_SHA256;
  area.publicArea.objectAttributes = kSign;
  area.publicArea.parameters.rsaDetail.keyBits = bits;
  area.publicArea.parameters.rsaDetail.scheme.scheme = TPM2_ALG_NULL;
  area.publicArea.unique.rsa.size = static_cast<UINT16>(bits / 8U);
  std::fill_n(area.publicArea.unique.rsa.buffer, bits / 8U, 0xaa);
  return area;
}

void ExpectUnusable(const TPM2B_PUBLIC& area, const std::string& message) {
  const auto read = ReadPublicArea(area);
  ASSERT_FALSE(read) << message;
  EXPECT_EQ(read.error().code, ErrorCode::kKeyUnusable);
  EXPECT_EQ(read.error().message, message);
  EXPECT_NE(read.error().hint.find("create a signing key"), std::string::npos);
}

TEST(PublicAreaTest, RefusesKeysThatCannotSignForUs) {
  TPM2B_PUBLIC area = EcArea();
  area.publicArea.objectAttributes = TPMA_OBJECT_DECRYPT | TPMA_OBJECT_USERWITHAUTH;
  ExpectUnusable(area, "the TPM key cannot sign (it is a storage or decryption key)");
  area = EcArea();
  area.publicArea.objectAttributes |= TPMA_OBJECT_RESTRICTED;
  ExpectUnusable(area, "the TPM key is restricted: it signs only what the TPM itself has hashed");
  area = EcArea();
  area.publicArea.objectAttributes = TPMA_OBJECT_SIGN_ENCRYPT;
  ExpectUnusable(area, "the TPM key can be used neither with its auth value nor under a policy");
  area = EcArea();
  area.publicArea.type = TPM2_ALG_KEYEDHASH;
  ExpectUnusable(area, "the TPM object is not an RSA or EC key");
  area = EcArea();
  area.publicArea.nameAlg = TPM2_ALG_SM3_256;
  ExpectUnusable(area, "the TPM key has an unknown name algorithm");
}

TEST(PublicAreaTest, SaysWhetherAKeyHasAPolicyAndWhetherItNeedsIt) {
  TPM2B_PUBLIC area = EcArea();
  EXPECT_FALSE(ReadPublicArea(area)->has_policy);
  EXPECT_FALSE(ReadPublicArea(area)->needs_policy);
  area.publicArea.authPolicy.size = 32;
  EXPECT_TRUE(ReadPublicArea(area)->has_policy);
  EXPECT_FALSE(ReadPublicArea(area)->needs_policy);
  area.publicArea.objectAttributes &= ~TPMA_OBJECT_USERWITHAUTH;
  EXPECT_TRUE(ReadPublicArea(area)->has_policy);
  EXPECT_TRUE(ReadPublicArea(area)->needs_policy);
}

TEST(PublicAreaTest, RefusesOtherSizesCurvesAndSchemes) {
  ExpectUnusable(RsaArea(1024), "the TPM key is RSA with 1024 bits");
  ExpectUnusable(EcArea(TPM2_ECC_BN_P256),
                 "the TPM key is on a curve (0x0010) other than P-256, P-384 and P-521");
  TPM2B_PUBLIC area = RsaArea();
  area.publicArea.parameters.rsaDetail.scheme.scheme = TPM2_ALG_OAEP;
  ExpectUnusable(area, "the TPM key has a fixed scheme (0x0017) other than RSASSA and RSAPSS");
  area = EcArea();
  area.publicArea.parameters.eccDetail.scheme.scheme = TPM2_ALG_ECDAA;
  ExpectUnusable(area, "the TPM key has a fixed scheme (0x001a) other than ECDSA");
  area.publicArea.parameters.eccDetail.scheme.scheme = TPM2_ALG_ECDSA;
  area.publicArea.parameters.eccDetail.scheme.details.ecdsa.hashAlg = TPM2_ALG_SM3_256;
  ExpectUnusable(area, "the TPM key has a fixed hash (0x0012) that is not supported");
}

TEST(PublicAreaTest, RefusesNumbersOfImpossibleLength) {
  TPM2B_PUBLIC area = RsaArea();
  area.publicArea.unique.rsa.buffer[0] = 0;
  EXPECT_EQ(ReadPublicArea(area).error().code, ErrorCode::kMalformed);
  area = RsaArea();
  area.publicArea.unique.rsa.size = 0;
  EXPECT_EQ(ReadPublicArea(area).error().code, ErrorCode::kMalformed);
  EXPECT_EQ(ReadPublicArea(EcArea(TPM2_ECC_NIST_P256, 33)).error().code, ErrorCode::kMalformed);
}

TEST(PublicAreaTest, ReadsRsa) {
  for (const UINT16 bits : std::array<UINT16, 3>{2048, 3072, 4096}) {
    const auto read = ReadPublicArea(RsaArea(bits));
    ASSERT_TRUE(read) << bits;
    EXPECT_EQ(read->public_key.type, KeyType::kRsa);
    EXPECT_EQ(read->public_key.Bits(), bits);
    EXPECT_EQ(read->public_key.exponent, (Bytes{1, 0, 1}));
    EXPECT_EQ(read->scheme.algorithm, TPM2_ALG_RSASSA);
    EXPECT_FALSE(read->scheme.fixed_hash);
  }
  TPM2B_PUBLIC area = RsaArea();
  area.publicArea.parameters.rsaDetail.exponent = 3;
  EXPECT_EQ(ReadPublicArea(area)->public_key.exponent, Bytes{3});
}

TEST(PublicAreaTest, ReadsAKeyFixedToPss) {
  TPM2B_PUBLIC area = RsaArea();
  area.publicArea.parameters.rsaDetail.scheme.scheme = TPM2_ALG_RSAPSS;
  area.publicArea.parameters.rsaDetail.scheme.details.rsapss.hashAlg = TPM2_ALG_SHA384;
  const auto read = ReadPublicArea(area);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->scheme.algorithm, TPM2_ALG_RSAPSS);
  EXPECT_EQ(read->scheme.fixed_hash, FindTpmHash(TPM2_ALG_SHA384));
}

TEST(PublicAreaTest, KnowsARsaKeyThatDecryptsAsWell) {
  TPM2B_PUBLIC area = RsaArea();
  EXPECT_FALSE(ReadPublicArea(area)->scheme.decrypts);
  area.publicArea.objectAttributes |= TPMA_OBJECT_DECRYPT;
  EXPECT_TRUE(ReadPublicArea(area)->scheme.decrypts);
}

TEST(PublicAreaTest, PadsCoordinatesThatLackLeadingZeros) {
  TPM2B_PUBLIC area = EcArea(TPM2_ECC_NIST_P256, 31);
  const auto read = ReadPublicArea(area);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->public_key.group, "prime256v1");
  ASSERT_EQ(read->public_key.point.size(), 65U);
  EXPECT_EQ(read->public_key.point[0], 4);
  EXPECT_EQ(read->public_key.point[1], 0);
  EXPECT_EQ(read->public_key.point[2], 0x11);
  EXPECT_EQ(read->public_key.point[33], 0);
  EXPECT_EQ(read->public_key.point[34], 0x22);
}

TEST(PublicAreaTest, ReadsEveryCurve) {
  EXPECT_EQ(ReadPublicArea(EcArea(TPM2_ECC_NIST_P384, 48))->public_key.group, "secp384r1");
  const auto p521 = ReadPublicArea(EcArea(TPM2_ECC_NIST_P521, 66));
  ASSERT_TRUE(p521);
  EXPECT_EQ(p521->public_key.group, "secp521r1");
  EXPECT_EQ(p521->public_key.Bits(), 521);
}

}  // namespace
}  // namespace credmint::tpm2
