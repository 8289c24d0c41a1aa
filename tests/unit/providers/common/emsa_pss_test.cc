// SPDX-License-Identifier: Apache-2.0
#include "common/emsa_pss.h"

#include <gtest/gtest.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <set>

namespace credmint::provider {
namespace {

/// The raw RSA operation on an encoded message, in software.
Bytes RawRsa(EVP_PKEY* key, const Bytes& message) {
  const PkeyCtxPtr context(EVP_PKEY_CTX_new(key, nullptr));
  Bytes result(message.size());
  std::size_t size = result.size();
  EXPECT_EQ(EVP_PKEY_sign_init(context.get()), 1);
  EXPECT_EQ(EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_NO_PADDING), 1);
  EXPECT_EQ(EVP_PKEY_sign(context.get(), result.data(), &size, message.data(), message.size()), 1);
  EXPECT_EQ(size, message.size());
  return result;
}

/// Verifies by OpenSSL, which has its own code for PSS.
bool IsValid(EVP_PKEY* key, const EVP_MD* digest, std::size_t salt_length, const Bytes& value,
             const Bytes& signature) {
  const ErrorMark mark;
  const PkeyCtxPtr context(EVP_PKEY_CTX_new(key, nullptr));
  EXPECT_EQ(EVP_PKEY_verify_init(context.get()), 1);
  EXPECT_EQ(EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PSS_PADDING), 1);
  EXPECT_EQ(EVP_PKEY_CTX_set_signature_md(context.get(), digest), 1);
  EXPECT_EQ(EVP_PKEY_CTX_set_rsa_pss_saltlen(context.get(), static_cast<int>(salt_length)), 1);
  return EVP_PKEY_verify(context.get(), signature.data(), signature.size(), value.data(),
                         value.size()) == 1;
}

SignatureRequest Request(Digest digest, const Bytes& value, std::size_t salt_length) {
  return {SignatureScheme::kRsaPss, digest, value, {digest, salt_length}, std::nullopt};
}

class EmsaPssTest : public testing::Test {
 protected:
  DigestTable digests_{nullptr};
  EmsaPss pss_{digests_, nullptr};
};

TEST_F(EmsaPssTest, RefusesASaltThatDoesNotFit) {
  const Bytes value(32, 5);
  EXPECT_TRUE(pss_.Encode(Request(Digest::kSha256, value, 222), 2048));
  EXPECT_FALSE(pss_.Encode(Request(Digest::kSha256, value, 223), 2048));
}

TEST_F(EmsaPssTest, EncodesAsOpensslVerifies) {
  struct Case {
    Digest digest;
    const EVP_MD* md;
    std::size_t size;
  };
  // With 1017 bits the encoded message is a byte shorter than the modulus.
  for (const int bits : {1017, 1018, 1023, 1024, 2048}) {
    const PkeyPtr key(EVP_RSA_gen(static_cast<unsigned>(bits)));
    for (const Case& each : {Case{Digest::kSha256, EVP_sha256(), 32},
                             {Digest::kSha384, EVP_sha384(), 48},
                             {Digest::kSha224, EVP_sha224(), 28}}) {
      const Bytes value(each.size, 9);
      const std::size_t longest = static_cast<std::size_t>(bits + 6) / 8 - each.size - 2;
      for (const std::size_t salt : {std::size_t{0}, std::size_t{20}, each.size, longest}) {
        const auto encoded = pss_.Encode(Request(each.digest, value, salt), bits);
        ASSERT_TRUE(encoded) << encoded.error().message;
        const Bytes signature = RawRsa(key.get(), *encoded);
        EXPECT_TRUE(IsValid(key.get(), each.md, salt, value, signature))
            << bits << " bits, salt of " << salt;
      }
    }
  }
}

TEST_F(EmsaPssTest, TakesAFreshSaltEachTime) {
  const Bytes value(32, 5);
  std::set<Bytes> encoded;
  for (int i = 0; i < 8; ++i) {
    encoded.insert(*pss_.Encode(Request(Digest::kSha256, value, 32), 2048));
  }
  EXPECT_EQ(encoded.size(), 8U);
}

TEST_F(EmsaPssTest, KnowsWhetherASignatureFulfilsTheRequest) {
  const PkeyPtr pkey(EVP_RSA_gen(2048));
  const auto key = PublicKey::FromPkey(pkey.get());
  ASSERT_TRUE(key);
  const Bytes value(32, 5);
  const Bytes other(32, 6);
  const auto asked = Request(Digest::kSha256, value, 32);
  Bytes signature = RawRsa(pkey.get(), *pss_.Encode(asked, 2048));
  EXPECT_TRUE(pss_.Fulfils(asked, *key, signature).value());
  EXPECT_FALSE(pss_.Fulfils(Request(Digest::kSha256, value, 31), *key, signature).value());
  EXPECT_FALSE(pss_.Fulfils(Request(Digest::kSha256, value, 222), *key, signature).value());
  EXPECT_FALSE(pss_.Fulfils(Request(Digest::kSha256, other, 32), *key, signature).value());
  signature.back() ^= 1;
  EXPECT_FALSE(pss_.Fulfils(asked, *key, signature).value());
}

}  // namespace
}  // namespace credmint::provider
