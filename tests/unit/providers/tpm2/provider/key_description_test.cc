// SPDX-License-Identifier: Apache-2.0
#include "tpm2/provider/key_description.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace credmint::tpm2 {
namespace {

using Json = nlohmann::ordered_json;

constexpr TPMA_OBJECT kSigning = TPMA_OBJECT_SIGN_ENCRYPT | TPMA_OBJECT_USERWITHAUTH;

TPM2B_PUBLIC Area(TPMI_ALG_PUBLIC type, TPMA_OBJECT attributes) {
  TPM2B_PUBLIC area{};
  area.publicArea.type = type;
  area.publicArea.nameAlg = TPM2_ALG_SHA256;
  area.publicArea.objectAttributes = attributes;
  area.publicArea.parameters.asymDetail.scheme.scheme = TPM2_ALG_NULL;
  return area;
}

TPM2B_PUBLIC RsaKeyArea(TPMA_OBJECT attributes) {
  TPM2B_PUBLIC area = Area(TPM2_ALG_RSA, attributes);
  area.publicArea.parameters.rsaDetail.keyBits = 2048;
  area.publicArea.unique.rsa.size = 256;
  std::fill_n(area.publicArea.unique.rsa.buffer, 256, 0xaa);
  return area;
}

Json Flags(const TPM2B_PUBLIC& area) { return DescribeKey(area, nullptr)["flags"]; }

TEST(KeyDescriptionTest, SaysWhatOtherObjectsAre) {
  for (const auto& [type, attributes, name] :
       {std::tuple<TPMI_ALG_PUBLIC, TPMA_OBJECT, const char*>{TPM2_ALG_KEYEDHASH, 0, "sealed data"},
        {TPM2_ALG_KEYEDHASH, TPMA_OBJECT_SIGN_ENCRYPT, "keyed-hash key"},
        {TPM2_ALG_SYMCIPHER, TPMA_OBJECT_DECRYPT, "symmetric key"},
        {TPM2_ALG_NULL, 0, "object of unknown type"}}) {
    const Json json = DescribeKey(Area(type, attributes), nullptr);
    EXPECT_EQ(json["kind"], "object");
    EXPECT_EQ(json["type"], name);
    EXPECT_FALSE(json.contains("publicKey"));
  }
}

TEST(KeyDescriptionTest, SaysWhyAKeyIsNotUsable) {
  const Json json = DescribeKey(RsaKeyArea(kSigning | TPMA_OBJECT_RESTRICTED), nullptr);
  EXPECT_EQ(json["unusable"],
            "the TPM key is restricted: it signs only what the TPM itself has hashed");
  EXPECT_TRUE(json.contains("publicKey"));
  EXPECT_FALSE(DescribeKey(RsaKeyArea(kSigning), nullptr).contains("unusable"));
}

TEST(KeyDescriptionTest, DescribesAKeyOfAnotherSize) {
  TPM2B_PUBLIC area = RsaKeyArea(kSigning);
  area.publicArea.parameters.rsaDetail.keyBits = 1024;
  const Json json = DescribeKey(area, nullptr);
  EXPECT_EQ(json["kind"], "private-key");
  EXPECT_EQ(json["unusable"], "the TPM key is RSA with 1024 bits");
  EXPECT_FALSE(json.contains("publicKey"));
}

TEST(KeyDescriptionTest, ListsAttributesAsWords) {
  EXPECT_EQ(Flags(RsaKeyArea(0)), Json::array());
  EXPECT_EQ(Flags(RsaKeyArea(TPMA_OBJECT_SIGN_ENCRYPT)), (Json{"sign"}));
  EXPECT_EQ(Flags(RsaKeyArea(TPMA_OBJECT_DECRYPT | TPMA_OBJECT_RESTRICTED)),
            (Json{"decrypt", "restricted"}));
  EXPECT_EQ(Flags(RsaKeyArea(TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT)),
            (Json{"fixed-tpm", "fixed-parent"}));
  EXPECT_EQ(Flags(RsaKeyArea(TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_NODA)),
            (Json{"user-with-auth", "no-da"}));
  TPM2B_PUBLIC area = RsaKeyArea(0);
  area.publicArea.authPolicy.size = 32;
  EXPECT_EQ(Flags(area), (Json{"policy"}));
}

TEST(KeyDescriptionTest, NamesTheFixedScheme) {
  TPM2B_PUBLIC area = RsaKeyArea(kSigning);
  EXPECT_FALSE(DescribeKey(area, nullptr).contains("scheme"));
  TPMT_ASYM_SCHEME& scheme = area.publicArea.parameters.asymDetail.scheme;
  scheme.scheme = TPM2_ALG_RSASSA;
  scheme.details.anySig.hashAlg = TPM2_ALG_SHA384;
  EXPECT_EQ(DescribeKey(area, nullptr)["scheme"], "RSASSA with SHA384");
  scheme.scheme = TPM2_ALG_RSAES;
  EXPECT_EQ(DescribeKey(area, nullptr)["scheme"], "RSAES");
  scheme.scheme = 0x7777;
  scheme.details.anySig.hashAlg = 0x8888;
  EXPECT_EQ(DescribeKey(area, nullptr)["scheme"], "0x7777 with 0x8888");
}

}  // namespace
}  // namespace credmint::tpm2
