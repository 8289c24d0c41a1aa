// SPDX-License-Identifier: Apache-2.0
// Salts and padding of RSA.

#include "providers/tpm2/tpm2_test.h"

namespace credmint {
namespace {

TEST_F(Tpm2Test, RefusesASaltThatTheTpmWouldNotTake) {
  MakePersistentKey("rsa2048");
  Application application;
  const auto key = application.OpenHandle("handle:0x81000001", tcti());
  ASSERT_TRUE(key) << key.error().message;
  const auto refused = application.Sign(key->get(), "SHA256", "max");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kKeyUnusable);
  EXPECT_EQ(refused.error().message,
            "this TPM makes no PSS signature with a salt of 222 bytes with TPM key 0x81000001");
  EXPECT_NE(refused.error().hint.find("sign and decrypt"), std::string::npos);
}

TEST_F(Tpm2Test, RefusesPkcs1WithAKeyFixedToPssAndSendsNothing) {
  MakePersistentKey("rsa2048:rsapss-sha256:null");
  const std::string capturing = CapturingTcti();
  {
    Application application;
    const auto key = application.OpenHandle("handle:0x81000001", capturing);
    ASSERT_TRUE(key) << key.error().message;
    const auto refused = application.Sign(key->get());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kKeyUnusable);
    EXPECT_EQ(refused.error().message, "the TPM key signs only with PSS, as fixed at its creation");
    ExpectValid(application.Sign(key->get(), "SHA256", "digest"), "-sha256", "digest");
  }
  const Codes codes = CapturedCodes();
  EXPECT_EQ(std::count(codes.begin(), codes.end(), kSign), 1);
}

TEST_F(Tpm2Test, RefusesPssWithAKeyFixedToPkcs1) {
  MakePersistentKey("rsa2048:rsassa-sha256:null");
  Application application;
  const auto key = application.OpenHandle("handle:0x81000001", tcti());
  ASSERT_TRUE(key) << key.error().message;
  const auto refused = application.Sign(key->get(), "SHA256", "digest");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message,
            "the TPM key signs only with PKCS#1 v1.5, as fixed at its creation");
  ExpectValid(application.Sign(key->get()));
}

TEST_F(Tpm2Test, SignsPssWithASaltAsLongAsTheDigest) {
  for (const char* algorithm : {"rsa2048", "rsa3072"}) {
    MakePersistentKey(algorithm);
    const std::string capturing = CapturingTcti();
    {
      Application application;
      const auto key = application.OpenHandle("handle:0x81000001", capturing);
      ASSERT_TRUE(key) << key.error().message;
      for (const char* digest : {"SHA256", "SHA384", "SHA512"}) {
        ExpectValid(application.Sign(key->get(), digest, "digest"), std::string("-") + digest,
                    "digest");
      }
      ExpectValid(application.Sign(key->get()));
    }
    Codes codes = CapturedCodes();
    codes.erase(std::remove(codes.begin(), codes.end(), kReadPublic), codes.end());
    EXPECT_EQ(codes, (Codes{kSign, kSign, kSign, kSign}));
    Tool({"tpm2_evictcontrol", "-Q", "-C", "o", "-c", kHandle});
  }
}

TEST_F(Tpm2Test, SignsPssWithAnySaltWhereTheKeyDecryptsAsWell) {
  const path file = MakeKeyFile("RSA", {std::string("user-auth:") + kAuth});
  const std::string capturing = CapturingTcti();
  {
    Answers answers{.auth = kAuth};
    Application application;
    const auto key = application.OpenKeyFile(file, capturing, answers.Function());
    ASSERT_TRUE(key) << key.error().message;
    for (const char* salt : {"digest", "max", "0", "17"}) {
      ExpectValid(application.Sign(key->get(), "SHA256", salt), "-sha256", salt);
    }
    ExpectValid(application.Sign(key->get(), "SHA512", "digest"), "-sha512", "digest");
    ExpectValid(application.Sign(key->get()));
  }
  ExpectNothingLoaded();
  const Codes codes = CapturedCodes();
  EXPECT_EQ(std::count(codes.begin(), codes.end(), kDecrypt), 5);
  EXPECT_EQ(std::count(codes.begin(), codes.end(), kSign), 1);
}

}  // namespace
}  // namespace credmint
