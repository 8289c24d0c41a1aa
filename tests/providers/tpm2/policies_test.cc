// SPDX-License-Identifier: Apache-2.0
// Keys with a policy.

#include "providers/tpm2/tpm2_test.h"

namespace credmint {
namespace {

/// A key file whose key is bound to PCR 16 and its auth value; its public key is in pub.pem.
class Tpm2PolicyTest : public Tpm2Test {
 protected:
  path MakePolicyKeyFile() {
    Tool({"tpm2_startauthsession", "-S", File("trial").string()});
    Tool({"tpm2_pcrread", "-Q", "-o", File("pcr").string(), "sha256:16"});
    for (const std::vector<std::string>& step :
         {std::vector<std::string>{"tpm2_policypcr", "-Q", "-l", "sha256:16"},
          std::vector<std::string>{"tpm2_policyauthvalue"}}) {
      std::vector<std::string> arguments = step;
      arguments.insert(arguments.end(),
                       {"-S", File("trial").string(), "-L", File("policy").string()});
      Tool(arguments);
    }
    Tool({"tpm2_flushcontext", File("trial").string()});
    MakeParent({"-C", "o", "-G", "ecc", "-a", kStorageKey});
    Tool({"tpm2_create", "-Q",
          "-C",          File("parent.ctx").string(),
          "-G",          "ecc256",
          "-a",          "fixedtpm|fixedparent|sensitivedataorigin|sign",
          "-L",          File("policy").string(),
          "-p",          kAuth,
          "-u",          File("key.pub").string(),
          "-r",          File("key.priv").string(),
          "-f",          "pem",
          "-o",          File("pub.pem").string()});
    EXPECT_TRUE(swtpm_->Tool({"tpm2_flushcontext", "-l"}).ok());
    return WrapKeyFile(PolicyField() + std::string("\x02\x04\x40\x00\x00\x01", 6));
  }

  void ExtendPcr() { Tool({"tpm2_pcrextend", "16:sha256=" + std::string(64, '1')}); }

 private:
  /// SEQUENCE OF { PolicyPCR with the digest of file pcr, PolicyAuthValue }, of 82 bytes.
  [[nodiscard]] std::string PolicyField() const {
    const std::string body = std::string("\x00\x20", 2) + Digest("SHA256", ReadText(File("pcr"))) +
                             std::string("\x00\x00\x00\x01\x00\x0b\x03\x00\x00\x01", 10);
    const std::string pcr = std::string("\x30\x36\xa0\x04\x02\x02\x01\x7f\xa1\x2e\x04\x2c") + body;
    const std::string auth_value("\x30\x0a\xa0\x04\x02\x02\x01\x6b\xa1\x02\x04\x00", 12);
    return "\xa1\x46\x30\x44" + pcr + auth_value;
  }
};

TEST_F(Tpm2PolicyTest, SatisfiesThePolicyForEachSignatureInOneEncryptedSession) {
  const path file = MakePolicyKeyFile();
  const std::string capturing = CapturingTcti();
  {
    Answers answers{.auth = kAuth};
    Application application;
    const auto key = application.OpenKeyFile(file, capturing, answers.Function());
    ASSERT_TRUE(key) << key.error().message;
    ExpectValid(application.Sign(key->get()));
    ExpectValid(application.Sign(key->get()));
    EXPECT_EQ(answers.asked.size(), 1U);
  }
  EXPECT_EQ(CapturedCodes(), (Codes{kCreatePrimary, kLoad, kStartSession, kFlush, TPM2_CC_PolicyPCR,
                                    TPM2_CC_PolicyAuthValue, kSign, TPM2_CC_PolicyPCR,
                                    TPM2_CC_PolicyAuthValue, kSign, kFlush, kFlush}));
  ExpectNotSent(kAuth);
  ExpectNothingLoaded();
}

TEST_F(Tpm2PolicyTest, SaysWhichPcrsHaveChangedSinceTheKeyWasMade) {
  const path file = MakePolicyKeyFile();
  ExtendPcr();
  {
    Answers answers{.auth = kAuth};
    Application application;
    const auto key = application.OpenKeyFile(file, tcti(), answers.Function());
    ASSERT_TRUE(key) << key.error().message;
    for (int i = 0; i < 2; ++i) {
      const auto signature = application.Sign(key->get());
      ASSERT_FALSE(signature);
      EXPECT_EQ(signature.error().code, ErrorCode::kPolicyUnmet);
      EXPECT_EQ(signature.error().message,
                "signing with TPM key file: the values of the TPM's PCR 16 (sha256) are no longer "
                "those that the key is bound to");
    }
  }
  ExpectNothingLoaded();
}

TEST_F(Tpm2Test, KeysShareTheConnectionAndTheSession) {
  MakePersistentKey("ecc256", kSigningKey, kAuth);
  const path file = MakeKeyFile("P-256", {std::string("user-auth:") + kAuth});
  const std::string capturing = CapturingTcti();
  {
    Answers answers{.auth = kAuth};
    Application application;
    auto first = application.OpenHandle("handle:0x81000001?pass", capturing, answers.Function());
    ASSERT_TRUE(first) << first.error().message;
    auto second = application.OpenKeyFile(file, capturing, answers.Function());
    ASSERT_TRUE(second) << second.error().message;
    first->reset();
    ExpectValid(application.Sign(second->get()));
  }
  const Codes codes = CapturedCodes();
  EXPECT_EQ(std::count(codes.begin(), codes.end(), kStartSession), 1);
  ExpectNothingLoaded();
}

}  // namespace
}  // namespace credmint
