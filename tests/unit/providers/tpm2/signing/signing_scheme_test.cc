// SPDX-License-Identifier: Apache-2.0
#include "tpm2/signing/signing_scheme.h"

#include <gtest/gtest.h>

namespace credmint::tpm2 {
namespace {

using provider::Digest;
using provider::SignatureRequest;
using provider::SignatureScheme;

SigningScheme Ecdsa(std::optional<TPMI_ALG_HASH> fixed, std::size_t order_size) {
  return {TPM2_ALG_ECDSA, fixed ? FindTpmHash(*fixed) : std::nullopt, order_size};
}

SigningScheme Rsassa(std::optional<TPMI_ALG_HASH> fixed) {
  return {TPM2_ALG_RSASSA, fixed ? FindTpmHash(*fixed) : std::nullopt, 0};
}

SigningScheme FixedPss() { return {TPM2_ALG_RSAPSS, FindTpmHash(TPM2_ALG_SHA256), 0}; }

SignatureRequest Request(SignatureScheme scheme, Digest digest = Digest::kSha256,
                         ByteView value = {}) {
  return {scheme, digest, value, {digest, 0}, std::nullopt};
}

Result<DigestToSign> Fit(const SigningScheme& scheme, Digest digest, const Bytes& value) {
  return scheme.Fit(Request(
      scheme.algorithm == TPM2_ALG_ECDSA ? SignatureScheme::kEcdsa : SignatureScheme::kRsaPkcs1,
      digest, value));
}

TEST(SigningSchemeTest, RefusesDigestsThatTheKeyCannotSign) {
  const Bytes sha256(32, 1);
  const Bytes sha384(48, 1);
  EXPECT_EQ(Fit(Rsassa(TPM2_ALG_SHA384), Digest::kSha256, sha256).error().message,
            "the TPM key signs only digests of 48 bytes, as fixed at its creation, not of 32");
  EXPECT_FALSE(Fit(Rsassa(TPM2_ALG_SHA1), Digest::kSha256, sha256));
  EXPECT_FALSE(Fit(Ecdsa(TPM2_ALG_SHA256, 32), Digest::kSha384, sha384));
  // ECDSA would truncate the padded digest to the size of the curve's order and lose half of it.
  EXPECT_FALSE(Fit(Ecdsa(TPM2_ALG_SHA384, 32), Digest::kSha256, sha256));
  EXPECT_FALSE(Fit(Ecdsa(TPM2_ALG_SHA512, 48), Digest::kSha256, sha256));
}

TEST(SigningSchemeTest, RefusesDigestsThatNoTpmKnows) {
  EXPECT_FALSE(Fit(Ecdsa(std::nullopt, 32), Digest::kSha224, Bytes(28, 1)));
  EXPECT_FALSE(Fit(Ecdsa(std::nullopt, 32), Digest::kSha256, Bytes(31, 1)));
}

TEST(SigningSchemeTest, RefusesOtherSignaturesThanItsOwn) {
  const SigningScheme rsa = Rsassa(std::nullopt);
  const SigningScheme ec = Ecdsa(std::nullopt, 32);
  EXPECT_EQ(rsa.Allow(Request(SignatureScheme::kEcdsa)).error().message,
            "the TPM key cannot make this kind of signature");
  EXPECT_FALSE(rsa.Allow(Request(SignatureScheme::kEd25519)));
  EXPECT_FALSE(ec.Allow(Request(SignatureScheme::kRsaPkcs1)));
  EXPECT_FALSE(ec.Allow(Request(SignatureScheme::kRsaPss)));
  EXPECT_FALSE(ec.Allow(Request(SignatureScheme::kEd25519)));
}

TEST(SigningSchemeTest, RefusesAnotherPaddingThanTheFixedOne) {
  const auto pss = Rsassa(TPM2_ALG_SHA256).Allow(Request(SignatureScheme::kRsaPss));
  ASSERT_FALSE(pss);
  EXPECT_EQ(pss.error().code, ErrorCode::kKeyUnusable);
  EXPECT_EQ(pss.error().message,
            "the TPM key signs only with PKCS#1 v1.5, as fixed at its creation");
  const auto pkcs1 = FixedPss().Allow(Request(SignatureScheme::kRsaPkcs1));
  ASSERT_FALSE(pkcs1);
  EXPECT_EQ(pkcs1.error().code, ErrorCode::kKeyUnusable);
  EXPECT_EQ(pkcs1.error().message, "the TPM key signs only with PSS, as fixed at its creation");
  EXPECT_EQ(pkcs1.error().hint,
            "create an RSA key without a fixed scheme (tpm2_create -G rsa2048); it signs PKCS#1 "
            "v1.5 for IAM Roles Anywhere and PSS for TLS 1.3");
}

TEST(SigningSchemeTest, RefusesAnotherMgf1Digest) {
  SignatureRequest request = Request(SignatureScheme::kRsaPss);
  request.pss.mgf1_digest = Digest::kSha384;
  for (const SigningScheme& scheme : {Rsassa(std::nullopt), FixedPss()}) {
    const auto allowed = scheme.Allow(request);
    ASSERT_FALSE(allowed);
    EXPECT_EQ(allowed.error().code, ErrorCode::kKeyUnusable);
  }
}

TEST(SigningSchemeTest, AllowsItsOwn) {
  EXPECT_TRUE(Ecdsa(std::nullopt, 32).Allow(Request(SignatureScheme::kEcdsa)));
  EXPECT_TRUE(Ecdsa(TPM2_ALG_SHA256, 32).Allow(Request(SignatureScheme::kEcdsa)));
  EXPECT_TRUE(Rsassa(std::nullopt).Allow(Request(SignatureScheme::kRsaPkcs1)));
  EXPECT_TRUE(Rsassa(std::nullopt).Allow(Request(SignatureScheme::kRsaPss)));
  EXPECT_TRUE(Rsassa(TPM2_ALG_SHA256).Allow(Request(SignatureScheme::kRsaPkcs1)));
  EXPECT_TRUE(FixedPss().Allow(Request(SignatureScheme::kRsaPss)));
}

TEST(SigningSchemeTest, NamesPss) {
  const Bytes value(32, 7);
  for (const SigningScheme& scheme : {Rsassa(std::nullopt), FixedPss()}) {
    const auto fitted = scheme.Fit(Request(SignatureScheme::kRsaPss, Digest::kSha256, value));
    ASSERT_TRUE(fitted);
    EXPECT_EQ(fitted->scheme.scheme, TPM2_ALG_RSAPSS);
    EXPECT_EQ(fitted->scheme.details.any.hashAlg, TPM2_ALG_SHA256);
  }
}

TEST(SigningSchemeTest, NamesTheDigestsHash) {
  for (const auto& scheme : {Ecdsa(std::nullopt, 32), Rsassa(std::nullopt)}) {
    const auto fitted = Fit(scheme, Digest::kSha384, Bytes(48, 7));
    ASSERT_TRUE(fitted);
    EXPECT_EQ(fitted->scheme.scheme, scheme.algorithm);
    EXPECT_EQ(fitted->scheme.details.any.hashAlg, TPM2_ALG_SHA384);
    EXPECT_EQ(fitted->digest.size, 48);
    EXPECT_EQ(fitted->digest.buffer[47], 7);
  }
}

TEST(SigningSchemeTest, PadsAShorterDigestForAFixedEcdsaScheme) {
  for (const std::size_t order_size : {48U, 66U}) {
    const auto fitted = Fit(Ecdsa(TPM2_ALG_SHA384, order_size), Digest::kSha256, Bytes(32, 7));
    ASSERT_TRUE(fitted);
    EXPECT_EQ(fitted->scheme.details.any.hashAlg, TPM2_ALG_SHA384);
    EXPECT_EQ(fitted->digest.size, 48);
    EXPECT_EQ(fitted->digest.buffer[15], 0);
    EXPECT_EQ(fitted->digest.buffer[16], 7);
    EXPECT_EQ(fitted->digest.buffer[47], 7);
  }
}

}  // namespace
}  // namespace credmint::tpm2
