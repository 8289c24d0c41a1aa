// SPDX-License-Identifier: Apache-2.0
// The parents of keys in key files.

#include "providers/tpm2/tpm2_test.h"

namespace credmint {
namespace {

TEST_F(Tpm2Test, LoadsBelowAPersistentParent) {
  MakeParent();  // tpm2-tools' default template, not the standard one
  Persist(File("parent.ctx"), "0x81000002");
  const path file = MakeKeyFile("P-256", {"parent:0x81000002"});
  const std::string capturing = CapturingTcti();
  {
    Application application;
    const auto key = application.OpenKeyFile(file, capturing);
    ASSERT_TRUE(key) << key.error().message;
    ExpectValid(application.Sign(key->get()));
  }
  EXPECT_EQ(CapturedCodes(), (Codes{kReadPublic, kLoad, kSign, kFlush}));
  ExpectNothingLoaded();
}

TEST_F(Tpm2Test, LoadsBelowTheStandardPrimaryOfEveryHierarchy) {
  struct Case {
    const char* hierarchy;
    const char* algorithm;
    const std::string head;
  };
  const std::string no_auth("\xa0\x03\x01\x01\xff", 5);
  const std::string rsa("\xa5\x03\x01\x01\xff", 5);
  for (const Case& c : {
           Case{"o", "ecc", no_auth + std::string("\x02\x04\x40\x00\x00\x01", 6)},
           Case{"e", "ecc", no_auth + std::string("\x02\x04\x40\x00\x00\x0b", 6)},
           Case{"p", "ecc", no_auth + std::string("\x02\x04\x40\x00\x00\x0c", 6)},
           Case{"n", "ecc", no_auth + std::string("\x02\x04\x40\x00\x00\x07", 6)},
           Case{"o", "rsa2048", no_auth + rsa + std::string("\x02\x01\x00", 3)},
       }) {
    MakeParent({"-C", c.hierarchy, "-G", c.algorithm, "-a", kStorageKey});
    CreateKey("ecc256", kSigningKey);
    Tool({"tpm2_readpublic", "-Q", "-c", File("key.ctx").string(), "-f", "pem", "-o",
          File("pub.pem").string()});
    EXPECT_TRUE(swtpm_->Tool({"tpm2_flushcontext", "-t"}).ok());
    const path file = WrapKeyFile(c.head);
    {
      Application application;
      const auto key = application.OpenKeyFile(file, tcti());
      ASSERT_TRUE(key) << c.hierarchy << " " << c.algorithm << ": " << key.error().message;
      ExpectValid(application.Sign(key->get()));
    }
    ExpectNothingLoaded();
  }
}

TEST_F(Tpm2Test, SendsTheAuthValueOfAHierarchy) {
  const path file = MakeKeyFile("P-256", {std::string("user-auth:") + kAuth});
  Tool({"tpm2_changeauth", "-c", "owner", "owner-auth"});
  struct Case {
    std::string parent_auth;
    ErrorCode expected;
    const char* message;
  };
  for (const Case& c :
       {Case{"", ErrorCode::kPinRequired,
             "the owner hierarchy needs an auth value (it is the key's parent) and none was given"},
        Case{"wrong", ErrorCode::kPinIncorrect,
             "using the owner hierarchy as the key's parent: the TPM refused the auth value"},
        Case{std::string(65, 'x'), ErrorCode::kPinIncorrect,
             "the parent's auth value has 65 bytes, but a TPM takes at most 64"}}) {
    Answers answers{.auth = kAuth};
    Application application;
    const auto key = application.OpenKeyFile(file, tcti(), answers.Function(), c.parent_auth);
    ASSERT_FALSE(key);
    EXPECT_EQ(key.error().code, c.expected);
    EXPECT_EQ(key.error().message, c.message);
  }
  const std::string capturing = CapturingTcti();
  {
    Answers answers{.auth = kAuth};
    Application application;
    const auto key = application.OpenKeyFile(file, capturing, answers.Function(), "owner-auth");
    ASSERT_TRUE(key) << key.error().message;
    ExpectValid(application.Sign(key->get()));
  }
  ExpectNotSent("owner-auth");
  EXPECT_EQ(LockoutCounter(), "0x0");
  ExpectNothingLoaded();
}

TEST_F(Tpm2Test, SendsTheAuthValueOfAPersistentParent) {
  MakeParent({"-C", "o", "-G", "ecc", "-a", kStorageKey, "-p", "parent-auth"});
  Persist(File("parent.ctx"), "0x81000002");
  CreateKey("ecc256", kSigningKey, {}, "parent-auth");
  Tool({"tpm2_readpublic", "-Q", "-c", File("key.ctx").string(), "-f", "pem", "-o",
        File("pub.pem").string()});
  EXPECT_TRUE(swtpm_->Tool({"tpm2_flushcontext", "-t"}).ok());
  const path file =
      WrapKeyFile(std::string("\xa0\x03\x01\x01\xff\x02\x05\x00\x81\x00\x00\x02", 12));
  const std::string capturing = CapturingTcti();
  {
    Application application;
    const auto refused = application.OpenKeyFile(file, capturing);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kPinRequired);
    EXPECT_EQ(refused.error().message,
              "TPM key 0x81000002 needs an auth value (it is the key's parent) and none was given");
    EXPECT_EQ(refused.error().remedy, Remedy::kGiveParentAuth);
    EXPECT_EQ(refused.error().hint, "");
    const auto key = application.OpenKeyFile(file, capturing, {}, "parent-auth");
    ASSERT_TRUE(key) << key.error().message;
    ExpectValid(application.Sign(key->get()));
  }
  ExpectNotSent("parent-auth");
  ExpectNothingLoaded();
}

}  // namespace
}  // namespace credmint
