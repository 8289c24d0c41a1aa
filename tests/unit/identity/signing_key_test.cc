// SPDX-License-Identifier: Apache-2.0
#include "identity/signing_key.h"

#include <gtest/gtest.h>
#include <openssl/rsa.h>

#include <ostream>
#include <string>

#include "ossl/encoding.h"
#include "support/test_pki.h"

namespace credmint {
namespace {

using test::NewKey;
using test::TestKey;

/// Verifies a signature by OpenSSL, with the default context and none of our code.
bool Verifies(const TestKey& key, const char* digest, int rsa_padding, std::string_view message,
              const Bytes& signature) {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  EVP_PKEY_CTX* options = nullptr;
  const EVP_MD* md = digest != nullptr ? EVP_get_digestbyname(digest) : nullptr;
  const bool verified =
      EVP_DigestVerifyInit(context, &options, md, nullptr, key.get()) == 1 &&
      (rsa_padding == 0 || EVP_PKEY_CTX_set_rsa_padding(options, rsa_padding) == 1) &&
      EVP_DigestVerify(context, signature.data(), signature.size(),
                       reinterpret_cast<const unsigned char*>(message.data()), message.size()) == 1;
  EVP_MD_CTX_free(context);
  ERR_clear_error();
  return verified;
}

class SigningKeyTest : public testing::Test {
 protected:
  ~SigningKeyTest() override { EXPECT_EQ(ERR_peek_error(), 0UL) << "the queue must be empty"; }

  SigningKey Make(const TestKey& key) { return {context_, PkeyPtr(test::NewReference(key))}; }

  LibraryContext context_ = LibraryContext::Create({}).value();
};

TEST_F(SigningKeyTest, UnknownDigestIsRefused) {
  const auto signature = Make(NewKey()).Sign("text", "SHA-NONE");
  ASSERT_FALSE(signature.has_value());
  EXPECT_EQ(signature.error().code, ErrorCode::kKeyUnusable);
  EXPECT_EQ(signature.error().message.find("making a signature: "), 0U)
      << signature.error().message;
}

TEST_F(SigningKeyTest, PublicKeyAloneCannotSign) {
  const TestKey key = NewKey();
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key.get(), &der);
  const unsigned char* cursor = der;
  PkeyPtr public_key(d2i_PUBKEY(nullptr, &cursor, size));
  OPENSSL_free(der);
  const auto signature = SigningKey(context_, std::move(public_key)).Sign("text");
  ASSERT_FALSE(signature.has_value());
  EXPECT_EQ(signature.error().code, ErrorCode::kKeyUnusable);
}

TEST_F(SigningKeyTest, RefusesASignatureThatDoesNotVerify) {
  const TestKey key = NewKey();
  const SigningKey signing_key = Make(key);
  const Bytes signature = signing_key.Sign("text").value();
  const Bytes truncated(signature.begin(), signature.end() - 1);
  Bytes changed = signature;
  changed.back() ^= 1;
  const TestKey other = NewKey();
  for (const auto& checked :
       {signing_key.Verify(key.get(), "texT", signature),
        signing_key.Verify(key.get(), "text", truncated),
        signing_key.Verify(key.get(), "text", changed), signing_key.Verify(key.get(), "text", {}),
        signing_key.Verify(key.get(), "text", signature, "SHA384"),
        signing_key.Verify(other.get(), "text", signature)}) {
    ASSERT_FALSE(checked.has_value());
    EXPECT_EQ(checked.error().code, ErrorCode::kKeyUnusable);
    EXPECT_EQ(checked.error().message,
              "the signature that the key made does not verify with its certificate");
  }
}

TEST_F(SigningKeyTest, VerifyAcceptsWhatOpensslAccepts) {
  const TestKey key = NewKey("RSA");
  const SigningKey signing_key = Make(key);
  const Bytes signature = signing_key.Sign("text").value();
  EXPECT_TRUE(signing_key.Verify(key.get(), "text", signature).has_value());
}

struct SignatureCase {
  const char* key;
  const char* algorithm;
  const char* digest;
  int rsa_padding;
};

void PrintTo(const SignatureCase& test_case, std::ostream* out) {
  *out << test_case.key << " with " << test_case.digest;
}

class SignatureTest : public SigningKeyTest, public testing::WithParamInterface<SignatureCase> {};

TEST_P(SignatureTest, VerifiesByOpenssl) {
  const auto& [kind, algorithm, digest, padding] = GetParam();
  const TestKey key = NewKey(kind);
  const SigningKey signing_key = Make(key);
  EXPECT_EQ(signing_key.algorithm(), algorithm);
  for (const std::string& message : {std::string(), std::string("text"), std::string(100'000, 'x'),
                                     std::string("\0\n\xff", 3)}) {
    const auto signature = signing_key.Sign(message, digest);
    ASSERT_TRUE(signature.has_value()) << signature.error().message;
    EXPECT_TRUE(Verifies(key, digest, padding, message, *signature)) << message.size();
  }
}

INSTANTIATE_TEST_SUITE_P(Keys, SignatureTest,
                         testing::Values(SignatureCase{"RSA", "RSA", "SHA256", RSA_PKCS1_PADDING},
                                         SignatureCase{"RSA", "RSA", "SHA384", RSA_PKCS1_PADDING},
                                         SignatureCase{"RSA", "RSA", "SHA512", RSA_PKCS1_PADDING},
                                         SignatureCase{"RSA-3072", "RSA", "SHA256",
                                                       RSA_PKCS1_PADDING},
                                         SignatureCase{"P-256", "EC", "SHA256", 0},
                                         SignatureCase{"P-256", "EC", "SHA512", 0},
                                         SignatureCase{"P-384", "EC", "SHA256", 0},
                                         SignatureCase{"P-384", "EC", "SHA384", 0},
                                         SignatureCase{"P-521", "EC", "SHA256", 0}));

TEST_F(SigningKeyTest, HashesWithSha256ByDefaultWhateverTheCurve) {
  for (const char* kind : {"RSA", "P-256", "P-384"}) {
    const TestKey key = NewKey(kind);
    const Bytes signature = Make(key).Sign("text").value();
    EXPECT_TRUE(Verifies(key, "SHA256", 0, "text", signature)) << kind;
    EXPECT_FALSE(Verifies(key, "SHA384", 0, "text", signature)) << kind;
  }
}

TEST_F(SigningKeyTest, RsaSignatureIsAsLongAsItsModulusAndAlwaysTheSame) {
  const SigningKey key = Make(NewKey("RSA"));
  const Bytes signature = key.Sign("text").value();
  EXPECT_EQ(signature.size(), 256U);
  EXPECT_EQ(key.Sign("text").value(), signature);
}

TEST_F(SigningKeyTest, EcSignatureIsDer) {
  const Bytes signature = Make(NewKey("P-256")).Sign("text").value();
  const unsigned char* cursor = signature.data();
  const EcdsaSigPtr parsed(d2i_ECDSA_SIG(nullptr, &cursor, static_cast<long>(signature.size())));
  ASSERT_NE(parsed, nullptr);
  EXPECT_EQ(cursor, signature.data() + signature.size());
}

TEST_F(SigningKeyTest, AlgorithmWithItsOwnHashSignsTheMessageItself) {
  for (const char* kind : {"ED25519", "ML-DSA-44", "ML-DSA-65", "ML-DSA-87"}) {
    const TestKey key = NewKey(kind);
    if (!key) continue;
    const SigningKey signing_key = Make(key);
    EXPECT_EQ(signing_key.algorithm(), kind);
    const auto signature = signing_key.Sign("text");
    ASSERT_TRUE(signature.has_value()) << kind << ": " << signature.error().message;
    EXPECT_TRUE(Verifies(key, nullptr, 0, "text", *signature)) << kind;
    EXPECT_TRUE(signing_key.Verify(key.get(), "text", *signature, "SHA512").has_value()) << kind;
    EXPECT_FALSE(signing_key.Verify(key.get(), "texT", *signature).has_value()) << kind;
  }
}

TEST_F(SigningKeyTest, MlDsaSignsTheMessageItself) {
  const TestKey key = NewKey("ML-DSA-65");
  if (!key) GTEST_SKIP() << "this OpenSSL does not know ML-DSA";
  const auto signature = Make(key).Sign("text");
  ASSERT_TRUE(signature.has_value()) << signature.error().message;
  EXPECT_EQ(signature->size(), 3309U);  // FIPS 204 table 2
  EXPECT_TRUE(Verifies(key, nullptr, 0, "text", *signature));
}

}  // namespace
}  // namespace credmint
