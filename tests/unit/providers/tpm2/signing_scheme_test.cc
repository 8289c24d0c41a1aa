#include "tpm2/signing_scheme.h"

#include <gtest/gtest.h>

namespace credmint::tpm2 {
namespace {

using provider::Digest;

SigningScheme Ecdsa(std::optional<TPMI_ALG_HASH> fixed, std::size_t order_size) {
  return {TPM2_ALG_ECDSA, fixed ? FindTpmHash(*fixed) : std::nullopt, order_size};
}

SigningScheme Rsassa(std::optional<TPMI_ALG_HASH> fixed) {
  return {TPM2_ALG_RSASSA, fixed ? FindTpmHash(*fixed) : std::nullopt, 0};
}

TEST(SigningSchemeTest, RefusesDigestsThatTheKeyCannotSign) {
  const Bytes sha256(32, 1);
  const Bytes sha384(48, 1);
  EXPECT_EQ(Rsassa(TPM2_ALG_SHA384).Fit(Digest::kSha256, sha256).error().message,
            "the TPM key signs only digests of 48 bytes, as fixed at its creation, not of 32");
  EXPECT_FALSE(Rsassa(TPM2_ALG_SHA1).Fit(Digest::kSha256, sha256));
  EXPECT_FALSE(Ecdsa(TPM2_ALG_SHA256, 32).Fit(Digest::kSha384, sha384));
  // The order of P-256 would cut the zeros off together with half of the digest.
  EXPECT_FALSE(Ecdsa(TPM2_ALG_SHA384, 32).Fit(Digest::kSha256, sha256));
  EXPECT_FALSE(Ecdsa(TPM2_ALG_SHA512, 48).Fit(Digest::kSha256, sha256));
}

TEST(SigningSchemeTest, RefusesDigestsThatNoTpmKnows) {
  EXPECT_FALSE(Ecdsa(std::nullopt, 32).Fit(Digest::kSha224, Bytes(28, 1)));
  EXPECT_FALSE(Ecdsa(std::nullopt, 32).Fit(Digest::kSha256, Bytes(31, 1)));
}

TEST(SigningSchemeTest, RefusesOtherSignaturesThanItsOwn) {
  using provider::SignatureScheme;
  const SigningScheme rsa = Rsassa(std::nullopt);
  const SigningScheme ec = Ecdsa(std::nullopt, 32);
  EXPECT_TRUE(rsa.Allow(SignatureScheme::kRsaPkcs1));
  EXPECT_TRUE(ec.Allow(SignatureScheme::kEcdsa));
  const auto pss = rsa.Allow(SignatureScheme::kRsaPss);
  ASSERT_FALSE(pss);
  EXPECT_EQ(pss.error().code, ErrorCode::kKeyUnusable);
  EXPECT_EQ(pss.error().message, "RSA keys in a TPM sign with PKCS#1 v1.5 here, not PSS");
  EXPECT_FALSE(rsa.Allow(SignatureScheme::kEcdsa));
  EXPECT_FALSE(ec.Allow(SignatureScheme::kRsaPkcs1));
  EXPECT_FALSE(ec.Allow(SignatureScheme::kEd25519));
}

TEST(SigningSchemeTest, NamesTheDigestsHash) {
  for (const auto& scheme : {Ecdsa(std::nullopt, 32), Rsassa(std::nullopt)}) {
    const auto fitted = scheme.Fit(Digest::kSha384, Bytes(48, 7));
    ASSERT_TRUE(fitted);
    EXPECT_EQ(fitted->scheme.scheme, scheme.algorithm);
    EXPECT_EQ(fitted->scheme.details.any.hashAlg, TPM2_ALG_SHA384);
    EXPECT_EQ(fitted->digest.size, 48);
    EXPECT_EQ(fitted->digest.buffer[47], 7);
  }
}

TEST(SigningSchemeTest, PadsAShorterDigestForAFixedEcdsaScheme) {
  for (const std::size_t order_size : {48U, 66U}) {
    const auto fitted = Ecdsa(TPM2_ALG_SHA384, order_size).Fit(Digest::kSha256, Bytes(32, 7));
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
