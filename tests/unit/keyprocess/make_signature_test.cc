// SPDX-License-Identifier: Apache-2.0
#include "keyprocess/make_signature.h"

#include <gtest/gtest.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>

#include <string_view>

namespace credmint::keyprocess {
namespace {

using Scheme = SignMessage::Scheme;

constexpr std::string_view kText = "a message";

Bytes Sha256(ByteView message) {
  Bytes digest(SHA256_DIGEST_LENGTH);
  SHA256(message.data(), message.size(), digest.data());
  return digest;
}

class MakeSignatureTest : public testing::Test {
 protected:
  /// A request for the digest alone, or with the message beside it.
  static SignMessage Ask(Scheme scheme, bool has_message) {
    const Bytes message(kText.begin(), kText.end());
    SignMessage request;
    request.scheme = scheme;
    request.digest = "SHA256";
    request.mgf1_digest = "SHA256";
    request.salt_length = 32;
    request.digest_value = Sha256(message);
    if (has_message) request.message = message;
    return request;
  }

  /// Whether OpenSSL verifies a signature of the digest.
  static bool Verifies(EVP_PKEY* key, const Bytes& signature, Scheme scheme) {
    const Bytes digest = Sha256(Bytes(kText.begin(), kText.end()));
    const PkeyCtxPtr verifier(EVP_PKEY_CTX_new(key, nullptr));
    if (EVP_PKEY_verify_init(verifier.get()) != 1 ||
        EVP_PKEY_CTX_set_signature_md(verifier.get(), EVP_sha256()) != 1) {
      return false;
    }
    if (scheme == Scheme::kRsaPss &&
        (EVP_PKEY_CTX_set_rsa_padding(verifier.get(), RSA_PKCS1_PSS_PADDING) != 1 ||
         EVP_PKEY_CTX_set_rsa_pss_saltlen(verifier.get(), 32) != 1)) {
      return false;
    }
    return EVP_PKEY_verify(verifier.get(), signature.data(), signature.size(), digest.data(),
                           digest.size()) == 1;
  }

  const LibraryContext context_ = LibraryContext::Create({}).value();
  const PkeyPtr rsa_{EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{2048})};
  const PkeyPtr ec_{EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256")};
};

TEST_F(MakeSignatureTest, OfADigestAndOfAMessageByEachScheme) {
  for (const bool has_message : {false, true}) {
    for (const Scheme scheme : {Scheme::kRsaPkcs1, Scheme::kRsaPss, Scheme::kEcdsa}) {
      EVP_PKEY* key = (scheme == Scheme::kEcdsa ? ec_ : rsa_).get();
      const auto signature = MakeSignature(context_, key, Ask(scheme, has_message));
      ASSERT_TRUE(signature.has_value()) << signature.error().message;
      EXPECT_TRUE(Verifies(key, *signature, scheme)) << has_message << static_cast<int>(scheme);
    }
  }
}

TEST_F(MakeSignatureTest, AnUnknownDigestFails) {
  for (const bool has_message : {false, true}) {
    SignMessage request = Ask(Scheme::kEcdsa, has_message);
    request.digest = "NO-DIGEST";
    EXPECT_EQ(MakeSignature(context_, ec_.get(), request).error().code, ErrorCode::kKeyUnusable);
  }
}

TEST_F(MakeSignatureTest, ASaltThatDoesNotFitFails) {
  for (const bool has_message : {false, true}) {
    SignMessage request = Ask(Scheme::kRsaPss, has_message);
    request.salt_length = 4000;
    EXPECT_EQ(MakeSignature(context_, rsa_.get(), request).error().code, ErrorCode::kKeyUnusable);
  }
}

TEST_F(MakeSignatureTest, ADigestOfTheWrongLengthFails) {
  SignMessage request = Ask(Scheme::kRsaPkcs1, false);
  request.digest_value.pop_back();
  EXPECT_EQ(MakeSignature(context_, rsa_.get(), request).error().code, ErrorCode::kKeyUnusable);
}

}  // namespace
}  // namespace credmint::keyprocess
