// SPDX-License-Identifier: Apache-2.0
// Refusals and their messages.

#include "providers/tpm2/tpm2_test.h"

namespace credmint {
namespace {

TEST_F(Tpm2Test, FailsWithoutATpm) {
  Application application;
  const auto key = application.OpenHandle("handle:0x81000001", "device:/nonexistent/tpmrm0");
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().code, ErrorCode::kDevice);
  EXPECT_EQ(key.error().message,
            "cannot open the TPM (device:/nonexistent/tpmrm0): No such file or directory");
  EXPECT_EQ(key.error().remedy, Remedy::kNameTcti);
  EXPECT_EQ(key.error().hint, "is there a TPM?");
}

TEST_F(Tpm2Test, FailsWhenNothingIsAtTheHandle) {
  const std::string capturing = CapturingTcti();
  {
    Application application;
    const auto key = application.OpenHandle("handle:0x81000005", capturing);
    ASSERT_FALSE(key);
    EXPECT_EQ(key.error().code, ErrorCode::kKeyNotFound);
    EXPECT_EQ(key.error().message, "there is no key at handle 0x81000005");
    EXPECT_EQ(key.error().remedy, Remedy::kListTpm);
  }
  EXPECT_EQ(CapturedCodes(), (Codes{kReadPublic}));
}

TEST_F(Tpm2Test, RefusesTransientHandlesWithoutTouchingTheTpm) {
  const std::string capturing = CapturingTcti();
  Application application;
  const auto key = application.OpenHandle("handle:0x80000000", capturing);
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().code, ErrorCode::kMalformed);
  EXPECT_FALSE(std::filesystem::exists(File("capture")));
}

TEST_F(Tpm2Test, RefusesATctiThatRunsCodeFromTheEnvironment) {
  setenv("TPM2TOOLS_TCTI", ("cmd:touch " + File("ran").string()).c_str(), 1);
  Application application;
  const auto key = application.OpenHandle("handle:0x81000001", "");
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().code, ErrorCode::kUsage);
  EXPECT_FALSE(std::filesystem::exists(File("ran")));
}

TEST_F(Tpm2Test, YieldsNoKeyWhereCertificatesAreWanted) {
  MakePersistentKey("ecc256");
  const std::string capturing = CapturingTcti();
  Application application;
  const auto contents = OpenStore(application.context(), "handle:0x81000001",
                                  {.expect = StoreExpect::kCertificate,
                                   .properties = "provider=credmint-tpm2",
                                   .parameters = {{"tcti", capturing}}});
  ASSERT_FALSE(contents);
  EXPECT_EQ(contents.error().code, ErrorCode::kKeyNotFound);
  EXPECT_FALSE(std::filesystem::exists(File("capture")));
}

TEST_F(Tpm2Test, RefusesADamagedKeyFileAndLeavesNothingLoaded) {
  const path file = MakeKeyFile("P-256");
  MakeParent({"-C", "o", "-G", "ecc", "-a", kStorageKey});
  CreateKey("ecc256", kSigningKey);
  std::string private_part = ReadText(File("key.priv"));
  private_part.back() = static_cast<char>(private_part.back() ^ 1);
  WriteText(File("key.priv"), private_part);
  const path damaged = WrapKeyFile(std::string("\xa0\x03\x01\x01\xff\x02\x01\x00", 8));
  const std::string capturing = CapturingTcti();
  {
    Application application;
    const auto key = application.OpenKeyFile(damaged, capturing);
    ASSERT_FALSE(key);
    EXPECT_EQ(key.error().code, ErrorCode::kKeyUnusable);
    EXPECT_EQ(key.error().message, "the key file does not belong to this TPM or is damaged");
  }
  EXPECT_EQ(CapturedCodes(), (Codes{kCreatePrimary, kLoad, kFlush}));
  ExpectNothingLoaded();
}

TEST_F(Tpm2Test, RefusesAKeyFileOfAnotherTpm) {
  const path file = MakeKeyFile("RSA");
  const auto other = Swtpm::Start();
  ASSERT_TRUE(other);
  Application application;
  const auto key = application.OpenKeyFile(file, other->tcti());
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().code, ErrorCode::kKeyUnusable);
  EXPECT_EQ(key.error().message, "the key file does not belong to this TPM or is damaged");
}

TEST_F(Tpm2Test, RefusesAKeyFileWithBrokenPem) {
  const path file = MakeKeyFile("P-256");
  std::string text = ReadText(file);
  text[text.find('\n') + 5] = '*';
  WriteText(file, text);
  const std::string capturing = CapturingTcti();
  Application application;
  const auto key = application.OpenKeyFile(file, capturing);
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().code, ErrorCode::kMalformed);
  EXPECT_EQ(key.error().message,
            "the TPM key file is damaged: it holds no intact TSS2 PRIVATE KEY block");
  EXPECT_FALSE(std::filesystem::exists(File("capture")));
}

TEST_F(Tpm2Test, RefusesAMissingPersistentParent) {
  MakeParent({"-C", "o", "-G", "ecc", "-a", kStorageKey});
  CreateKey("ecc256", kSigningKey);
  const path file =
      WrapKeyFile(std::string("\xa0\x03\x01\x01\xff\x02\x05\x00\x81\x00\x00\x09", 12));
  Application application;
  const auto key = application.OpenKeyFile(file, tcti());
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().code, ErrorCode::kKeyNotFound);
  EXPECT_EQ(key.error().message, "there is no parent key at handle 0x81000009");
}

TEST_F(Tpm2Test, RefusesKeysThatCannotSign) {
  struct Case {
    const char* algorithm;
    const char* attributes;
    const char* message;
  };
  for (const Case& c : {
           Case{"rsa2048", "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|decrypt",
                "the TPM key cannot sign (it is a storage or decryption key)"},
           Case{"ecc256:ecdsa-sha256:null",
                "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|sign|restricted",
                "the TPM key is restricted: it signs only what the TPM itself has hashed"},
           Case{"ecc256:ecdaa-sha256:null", kSigningKey,
                "the TPM key has a fixed scheme (0x001a) other than ECDSA"},
       }) {
    MakeParent({"-C", "o", "-G", "ecc", "-a", kStorageKey});
    CreateKey(c.algorithm, c.attributes);
    const path file = WrapKeyFile(std::string("\xa0\x03\x01\x01\xff\x02\x01\x00", 8));
    const std::string capturing = CapturingTcti();
    Application application;
    const auto key = application.OpenKeyFile(file, capturing);
    ASSERT_FALSE(key) << c.algorithm;
    EXPECT_EQ(key.error().code, ErrorCode::kKeyUnusable);
    EXPECT_EQ(key.error().message, c.message);
    EXPECT_NE(key.error().hint.find("create a signing key"), std::string::npos);
    EXPECT_FALSE(std::filesystem::exists(File("capture"))) << "the TPM was touched";
  }
}

TEST_F(Tpm2Test, RefusesAPersistentStorageKey) {
  MakeParent();
  Persist(File("parent.ctx"), kHandle);
  Application application;
  const auto key = application.OpenHandle("handle:81000001", tcti());
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().message, "the TPM key cannot sign (it is a storage or decryption key)");
}

TEST_F(Tpm2Test, FailsWithoutAnAuthValueAndSendsNothing) {
  const path file = MakeKeyFile("P-256", {std::string("user-auth:") + kAuth});
  const std::string capturing = CapturingTcti();
  Answers answers;
  Application application;
  const auto key = application.OpenKeyFile(file, capturing, answers.Function());
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().code, ErrorCode::kPinRequired);
  ASSERT_EQ(answers.asked.size(), 1U);
  EXPECT_EQ(answers.asked[0].kind, PassphraseKind::kTpmAuth);
  EXPECT_EQ(answers.asked[0].subject, "TPM key file");
  EXPECT_EQ(CapturedCodes(), Codes{});
}

TEST_F(Tpm2Test, RefusesAnAuthValueThatIsTooLongAndSendsNothing) {
  MakePersistentKey("ecc256", kSigningKey, kAuth);
  const std::string capturing = CapturingTcti();
  {
    Answers answers{.auth = std::string(65, 'x')};
    Application application;
    const auto key =
        application.OpenHandle("handle:0x81000001?pass", capturing, answers.Function());
    ASSERT_FALSE(key);
    EXPECT_EQ(key.error().code, ErrorCode::kPinIncorrect);
    EXPECT_EQ(key.error().message,
              "the auth value of TPM key 0x81000001 has 65 bytes, but a TPM takes at most 64");
  }
  EXPECT_EQ(CapturedCodes(), (Codes{kReadPublic}));
}

TEST_F(Tpm2Test, SendsAWrongAuthValueOnce) {
  const path file = MakeKeyFile("P-256", {std::string("user-auth:") + kAuth});
  const std::string capturing = CapturingTcti();
  {
    Answers answers{.auth = "wrong"};
    Application application;
    const auto key = application.OpenKeyFile(file, capturing, answers.Function());
    ASSERT_TRUE(key) << key.error().message;
    for (int attempt = 0; attempt < 5; ++attempt) {
      const auto signature = application.Sign(key->get());
      ASSERT_FALSE(signature);
      EXPECT_EQ(signature.error().code, ErrorCode::kPinIncorrect);
      EXPECT_EQ(
          signature.error().message,
          "signing with TPM key file: the TPM refused the auth value (2 more wrong tries lock it)");
      EXPECT_FALSE(signature.error().hint.empty());
    }
    EXPECT_EQ(answers.asked.size(), 1U);
  }
  const Codes codes = CapturedCodes();
  EXPECT_EQ(std::count(codes.begin(), codes.end(), kSign), 1);
  EXPECT_EQ(LockoutCounter(), "0x1");
  ExpectNothingLoaded();
}

TEST_F(Tpm2Test, TriesAnEmptyAuthValueOnceWhereOneIsNeeded) {
  MakePersistentKey("ecc256", kSigningKey, kAuth);
  {
    Answers answers{.auth = kAuth};
    Application application;
    const auto key = application.OpenHandle("handle:0x81000001", tcti(), answers.Function());
    ASSERT_TRUE(key) << key.error().message;
    for (int attempt = 0; attempt < 5; ++attempt) {
      const auto signature = application.Sign(key->get());
      ASSERT_FALSE(signature);
      EXPECT_EQ(signature.error().code, ErrorCode::kPinRequired);
      EXPECT_EQ(signature.error().message,
                "TPM key 0x81000001 has an auth value and none was given");
      EXPECT_EQ(signature.error().remedy, Remedy::kGiveHandleAuth);
      EXPECT_EQ(signature.error().hint,
                "the TPM counted this as a wrong try: 2 more wrong tries lock it");
    }
    EXPECT_TRUE(answers.asked.empty());
  }
  EXPECT_EQ(LockoutCounter(), "0x1");
}

TEST_F(Tpm2Test, SaysWhenWrongAuthValuesAreNotCounted) {
  MakePersistentKey("ecc256", std::string(kSigningKey) + "|noda", kAuth);
  {
    Answers answers{.auth = "wrong"};
    Application application;
    const auto key = application.OpenHandle("handle:0x81000001?pass", tcti(), answers.Function());
    ASSERT_TRUE(key) << key.error().message;
    const auto signature = application.Sign(key->get());
    ASSERT_FALSE(signature);
    EXPECT_EQ(signature.error().code, ErrorCode::kPinIncorrect);
    EXPECT_EQ(signature.error().message,
              "signing with TPM key 0x81000001: the TPM refused the auth value");
  }
  EXPECT_EQ(LockoutCounter(), "0x0");
  ExpectNothingLoaded();
}

TEST_F(Tpm2Test, SaysWhenTheTpmIsLockedOut) {
  MakePersistentKey("ecc256", kSigningKey, kAuth);
  for (const ErrorCode expected : {ErrorCode::kPinIncorrect, ErrorCode::kPinIncorrect,
                                   ErrorCode::kPinIncorrect, ErrorCode::kLockedOut}) {
    Answers answers{.auth = "wrong"};
    Application application;
    const auto key = application.OpenHandle("handle:0x81000001?pass", tcti(), answers.Function());
    ASSERT_TRUE(key) << key.error().message;
    const auto signature = application.Sign(key->get());
    ASSERT_FALSE(signature);
    EXPECT_EQ(signature.error().code, expected) << signature.error().message;
    if (expected == ErrorCode::kLockedOut) {
      EXPECT_EQ(signature.error().retry_after, std::chrono::seconds(1000));
      EXPECT_NE(signature.error().message.find("3 wrong tries, 3 are allowed"), std::string::npos);
      EXPECT_NE(signature.error().hint.find("it forgets one try every 1000 seconds"),
                std::string::npos);
      EXPECT_NE(signature.error().hint.find("tpm2_dictionarylockout -c"), std::string::npos);
    }
  }
  EXPECT_EQ(LockoutCounter(), "0x3");
}

TEST_F(Tpm2Test, GivesUpWhenOthersHoldEverySlot) {
  const path file = MakeKeyFile("P-256");
  for (int slot = 0; slot < 3; ++slot) {
    ASSERT_TRUE(swtpm_->Tool({"tpm2_createprimary", "-Q", "-C", "n", "-G", "ecc"}).ok());
  }
  const auto start = std::chrono::steady_clock::now();
  {
    Application application;
    const auto key = application.OpenKeyFile(file, tcti());
    ASSERT_FALSE(key);
    EXPECT_EQ(key.error().code, ErrorCode::kDevice);
    EXPECT_EQ(key.error().message,
              "using the owner hierarchy as the key's parent: the TPM has no free object slot");
    EXPECT_NE(key.error().hint.find("/dev/tpmrm0"), std::string::npos);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2));
  const std::string left = Tool({"tpm2_getcap", "handles-transient"});
  EXPECT_EQ(std::count(left.begin(), left.end(), '\n'), 3) << "foreign objects were flushed";
}

TEST_F(Tpm2Test, ReportsErrorsThroughOpensslsFileStoreWithoutTryingTwice) {
  const path file = MakeKeyFile("P-256");
  const auto other = Swtpm::Start();
  ASSERT_TRUE(other);
  std::filesystem::remove(File("capture"));
  setenv("TCTI_PCAP_FILE", File("capture").c_str(), 1);
  setenv("TPM2OPENSSL_TCTI", other->capturing_tcti().c_str(), 1);
  {
    Application application;
    EXPECT_FALSE(application.OpenAnyFile(file));
  }
  EXPECT_EQ(CapturedCodes(), (Codes{kCreatePrimary, kLoad, kFlush}));
}

TEST_F(Tpm2Test, LooksAtTheTypeOfAKeyFileBeforeItTouchesTheTpm) {
  const path file = MakeKeyFile("P-256");
  setenv("TPM2OPENSSL_TCTI", CapturingTcti().c_str(), 1);
  Application application;
  const BioPtr bio(BIO_new_file(file.c_str(), "rb"));
  EVP_PKEY* key = nullptr;
  const Handle<OSSL_DECODER_CTX, OSSL_DECODER_CTX_free> decoder(OSSL_DECODER_CTX_new_for_pkey(
      &key, nullptr, nullptr, "RSA", EVP_PKEY_KEYPAIR, application.context().get(), nullptr));
  ASSERT_TRUE(decoder);
  EXPECT_EQ(OSSL_DECODER_from_bio(decoder.get(), bio.get()), 0);
  const PkeyPtr owner(key);
  EXPECT_FALSE(owner);
  EXPECT_FALSE(std::filesystem::exists(File("capture")));
}

}  // namespace
}  // namespace credmint
