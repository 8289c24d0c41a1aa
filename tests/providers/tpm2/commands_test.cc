// SPDX-License-Identifier: Apache-2.0
// The commands that the TPM gets, from a capture of its traffic.

#include "providers/tpm2/tpm2_test.h"

namespace credmint {
namespace {

TEST_F(Tpm2Test, SendsTwoCommandsForAPersistentKeyAndOnePerFurtherSignature) {
  MakePersistentKey("ecc256");
  const std::string capturing = CapturingTcti();
  {
    Application application;
    const auto key = application.OpenHandle("handle:0x81000001", capturing);
    ASSERT_TRUE(key) << key.error().message;
    ASSERT_TRUE(application.Sign(key->get()));
    EXPECT_EQ(CapturedCodes(), (Codes{kReadPublic, kSign}));
    ASSERT_TRUE(application.Sign(key->get()));
  }
  EXPECT_EQ(CapturedCodes(), (Codes{kReadPublic, kSign, kSign}));
}

// The name of such a key cannot be checked, so the provider reads its public area from the TPM.
TEST_F(Tpm2Test, SendsOneCommandMoreWhereTheNameIsOfAnotherHash) {
  MakeParent();
  Tool({"tpm2_create", "-Q", "-C", File("parent.ctx").string(), "-G", "ecc256", "-g", "sha1", "-a",
        kSigningKey, "-u", File("key.pub").string(), "-r", File("key.priv").string(), "-c",
        File("key.ctx").string()});
  Persist(File("key.ctx"), kHandle);
  const std::string capturing = CapturingTcti();
  {
    Application application;
    const auto key = application.OpenHandle("handle:0x81000001", capturing);
    ASSERT_TRUE(key) << key.error().message;
    ASSERT_TRUE(application.Sign(key->get()));
  }
  EXPECT_EQ(CapturedCodes(), (Codes{kReadPublic, kReadPublic, kSign}));
}

TEST_F(Tpm2Test, SendsFiveCommandsForAKeyFileAndOnePerFurtherSignature) {
  for (const char* type : {"P-256", "RSA"}) {
    const path file = MakeKeyFile(type);
    for (const bool through_file_store : {false, true}) {
      const std::string capturing = CapturingTcti();
      setenv("TPM2OPENSSL_TCTI", capturing.c_str(), 1);
      {
        Application application;
        const auto key = through_file_store ? application.OpenAnyFile(file)
                                            : application.OpenKeyFile(file, capturing);
        ASSERT_TRUE(key) << key.error().message;
        ASSERT_TRUE(application.Sign(key->get()));
        EXPECT_EQ(CapturedCodes(), (Codes{kCreatePrimary, kLoad, kFlush, kSign}));
        ASSERT_TRUE(application.Sign(key->get()));
      }
      EXPECT_EQ(CapturedCodes(), (Codes{kCreatePrimary, kLoad, kFlush, kSign, kSign, kFlush}));
    }
  }
}

TEST_F(Tpm2Test, SaltsOneSessionWithTheParentAndNeverSendsTheAuthValue) {
  const path file = MakeKeyFile("P-256", {std::string("user-auth:") + kAuth});
  const std::string capturing = CapturingTcti();
  {
    Answers answers{.auth = kAuth};
    Application application;
    const auto key = application.OpenKeyFile(file, capturing, answers.Function());
    ASSERT_TRUE(key) << key.error().message;
    ASSERT_TRUE(application.Sign(key->get()));
    ASSERT_TRUE(application.Sign(key->get()));
  }
  EXPECT_EQ(CapturedCodes(),
            (Codes{kCreatePrimary, kLoad, kStartSession, kFlush, kSign, kSign, kFlush, kFlush}));
  ExpectNotSent(kAuth);
}

TEST_F(Tpm2Test, SaltsTheSessionOfAPersistentKeyWithAPassingPrimary) {
  MakePersistentKey("rsa2048", kSigningKey, kAuth);
  const std::string capturing = CapturingTcti();
  {
    Answers answers{.auth = kAuth};
    Application application;
    const auto key =
        application.OpenHandle("handle:0x81000001?pass", capturing, answers.Function());
    ASSERT_TRUE(key) << key.error().message;
    ASSERT_TRUE(application.Sign(key->get()));
    ASSERT_TRUE(application.Sign(key->get()));
  }
  EXPECT_EQ(CapturedCodes(),
            (Codes{kReadPublic, kCreatePrimary, kStartSession, kFlush, kSign, kSign, kFlush}));
  ExpectNotSent(kAuth);
}

TEST_F(Tpm2Test, SaltsTheSessionOfAPersistentKeyWithTheStorageRootKey) {
  MakeParent({"-C", "o", "-G", "ecc", "-a", kStorageKey});
  Persist(File("parent.ctx"), "0x81000001");
  CreateKey("ecc256", kSigningKey, kAuth);
  Persist(File("key.ctx"), "0x81000002");
  const std::string capturing = CapturingTcti();
  {
    Answers answers{.auth = kAuth};
    Application application;
    const auto key =
        application.OpenHandle("handle:0x81000002?pass", capturing, answers.Function());
    ASSERT_TRUE(key) << key.error().message;
    ASSERT_TRUE(application.Sign(key->get()));
    ASSERT_TRUE(application.Sign(key->get()));
  }
  EXPECT_EQ(CapturedCodes(),
            (Codes{kReadPublic, kReadPublic, kStartSession, kSign, kSign, kFlush}));
  ExpectNotSent(kAuth);
}

TEST_F(Tpm2Test, SaltsWithAPassingPrimaryWhereAnotherKeyIsInThePlaceOfTheStorageRootKey) {
  MakePersistentKey("ecc256");  // at 0x81000001; it cannot decrypt
  CreateKey("ecc256", kSigningKey, kAuth);
  Persist(File("key.ctx"), "0x81000002");
  Answers answers{.auth = kAuth};
  Application application;
  const auto key = application.OpenHandle("handle:0x81000002?pass", tcti(), answers.Function());
  ASSERT_TRUE(key) << key.error().message;
  EXPECT_TRUE(application.Sign(key->get()));
}

/// The digest replaces the auth value; tpm2-tools gets it in hexadecimal.
TEST_F(Tpm2Test, TakesTheDigestOfAnAuthValueThatIsLongerThanOne) {
  const std::string longest(64, 'x');
  std::string hex = "hex:";
  for (const unsigned char byte : Digest("SHA256", longest)) hex += fmt::format("{:02x}", byte);
  MakePersistentKey("ecc256", kSigningKey, hex);
  Answers answers{.auth = longest};
  Application application;
  const auto key = application.OpenHandle("handle:0x81000001?pass", tcti(), answers.Function());
  ASSERT_TRUE(key) << key.error().message;
  ExpectValid(application.Sign(key->get()));
}

}  // namespace
}  // namespace credmint
