// SPDX-License-Identifier: Apache-2.0
// Signatures by every kind of key, checked by the openssl command.

#include "providers/tpm2/tpm2_test.h"

namespace credmint {
namespace {

struct KeyKind {
  const char* name;
  const char* file_type;  // in tpm2-openssl's notation
  const char* algorithm;  // in tpm2-tools' notation
};

class Tpm2SignatureTest : public Tpm2Test, public testing::WithParamInterface<KeyKind> {};

TEST_P(Tpm2SignatureTest, PersistentKey) {
  MakePersistentKey(GetParam().algorithm);
  Answers answers;
  {
    Application application;
    const auto key = application.OpenHandle("handle:0x81000001", tcti(), answers.Function());
    ASSERT_TRUE(key) << key.error().message;
    ExpectValid(application.Sign(key->get()));
    ExpectValid(application.Sign(key->get(), "SHA384"), "-sha384");
    EXPECT_EQ(ERR_peek_error(), 0U);
  }
  EXPECT_TRUE(answers.asked.empty());
  ExpectNothingLoaded();
}

TEST_P(Tpm2SignatureTest, PersistentKeyWithAuth) {
  MakePersistentKey(GetParam().algorithm, kSigningKey, kAuth);
  Answers answers{.auth = kAuth};
  {
    Application application;
    const auto key = application.OpenHandle("handle:0x81000001?pass", tcti(), answers.Function());
    ASSERT_TRUE(key) << key.error().message;
    ExpectValid(application.Sign(key->get()));
    ExpectValid(application.Sign(key->get()));
    EXPECT_EQ(ERR_peek_error(), 0U);
  }
  ASSERT_EQ(answers.asked.size(), 1U);
  EXPECT_EQ(answers.asked[0].kind, PassphraseKind::kTpmAuth);
  EXPECT_EQ(answers.asked[0].subject, "TPM key 0x81000001");
  ExpectNothingLoaded();
}

TEST_P(Tpm2SignatureTest, KeyFile) {
  const path file = MakeKeyFile(GetParam().file_type);
  Answers answers;
  {
    Application application;
    const auto key = application.OpenKeyFile(file, tcti(), answers.Function());
    ASSERT_TRUE(key) << key.error().message;
    ExpectValid(application.Sign(key->get()));
    ExpectValid(application.Sign(key->get(), "SHA512"), "-sha512");
    EXPECT_EQ(ERR_peek_error(), 0U);
  }
  EXPECT_TRUE(answers.asked.empty());
  ExpectNothingLoaded();
}

TEST_P(Tpm2SignatureTest, KeyFileWithAuth) {
  const path file = MakeKeyFile(GetParam().file_type, {std::string("user-auth:") + kAuth});
  Answers answers{.auth = kAuth};
  {
    Application application;
    const auto key = application.OpenKeyFile(file, tcti(), answers.Function());
    ASSERT_TRUE(key) << key.error().message;
    ExpectValid(application.Sign(key->get()));
    ExpectValid(application.Sign(key->get()));
  }
  EXPECT_EQ(answers.asked.size(), 1U);
  ExpectNothingLoaded();
}

TEST_P(Tpm2SignatureTest, KeyFileThroughOpensslsFileStore) {
  const path file = MakeKeyFile(GetParam().file_type, {std::string("user-auth:") + kAuth});
  setenv("TPM2OPENSSL_TCTI", tcti().c_str(), 1);
  Answers answers{.auth = kAuth};
  {
    Application application;
    const auto key = application.OpenAnyFile(file, answers.Function());
    ASSERT_TRUE(key) << key.error().message;
    ExpectValid(application.Sign(key->get()));
    EXPECT_EQ(ERR_peek_error(), 0U);
  }
  EXPECT_EQ(answers.asked.size(), 1U);
  ExpectNothingLoaded();
}

INSTANTIATE_TEST_SUITE_P(, Tpm2SignatureTest,
                         testing::Values(KeyKind{"Rsa2048", "RSA", "rsa2048"},
                                         KeyKind{"P256", "P-256", "ecc256"},
                                         KeyKind{"P384", "P-384", "ecc384"}),
                         [](const auto& kind) { return kind.param.name; });

TEST_F(Tpm2Test, SignsWithLargerKeys) {
  for (const char* algorithm : {"rsa3072", "ecc521"}) {
    MakeParent();
    CreateKey(algorithm, kSigningKey);
    Persist(File("key.ctx"), kHandle);
    Tool({"tpm2_readpublic", "-Q", "-c", kHandle, "-f", "pem", "-o", File("pub.pem").string()});
    {
      Application application;
      const auto key = application.OpenHandle("handle:0x81000001", tcti());
      ASSERT_TRUE(key) << key.error().message;
      ExpectValid(application.Sign(key->get()));
      ExpectValid(application.Sign(key->get(), "SHA512"), "-sha512");
    }
    Tool({"tpm2_evictcontrol", "-Q", "-C", "o", "-c", kHandle});
  }
}

TEST_F(Tpm2Test, SignsSha256WithAKeyFixedToSha384) {
  MakePersistentKey("ecc384:ecdsa-sha384:null");
  Application application;
  const auto key = application.OpenHandle("handle:0x81000001", tcti());
  ASSERT_TRUE(key) << key.error().message;
  ExpectValid(application.Sign(key->get()));
  ExpectValid(application.Sign(key->get(), "SHA384"), "-sha384");
  const auto refused = application.Sign(key->get(), "SHA512");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kKeyUnusable);
}

TEST_F(Tpm2Test, SignsWithARsaKeyFixedToSha256) {
  MakePersistentKey("rsa2048:rsassa-sha256:null");
  Application application;
  const auto key = application.OpenHandle("handle:0x81000001", tcti());
  ASSERT_TRUE(key) << key.error().message;
  ExpectValid(application.Sign(key->get()));
  const auto refused = application.Sign(key->get(), "SHA384");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message,
            "the TPM key signs only digests of 32 bytes, as fixed at its creation, not of 48");
}

}  // namespace
}  // namespace credmint
