// SPDX-License-Identifier: Apache-2.0
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "providers/pkcs11_fixture.h"

/// The PKCS#11 provider on SoftHSM.
namespace credmint {
namespace {

namespace fs = std::filesystem;
using test::SoftHsm;

class Pkcs11ProviderTest : public test::Pkcs11Fixture {};

struct KeyCase {
  const char* type;
  const char* label;
  int bits;
};

class Pkcs11KeyTest : public Pkcs11ProviderTest, public ::testing::WithParamInterface<KeyCase> {};

TEST_P(Pkcs11KeyTest, SignsWhatOpensslVerifies) {
  const KeyCase& key_case = GetParam();
  ASSERT_TRUE(hsm_->GenerateKey("prod", key_case.type, key_case.label, "01"));
  const auto key = Load(std::string("pkcs11:token=prod;object=") + key_case.label);
  ASSERT_TRUE(key) << key.error().message;
  EXPECT_EQ(EVP_PKEY_get_bits(key->get()), key_case.bits);
  for (const auto& [digest, flag] :
       {std::pair{"SHA256", "-sha256"}, std::pair{"SHA384", "-sha384"},
        std::pair{"SHA512", "-sha512"}, std::pair{"SHA224", "-sha224"}}) {
    const auto signature = Sign(key->get(), "a message", digest);
    ASSERT_TRUE(signature) << signature.error().message;
    EXPECT_TRUE(OpensslVerifies(key_case.label, "a message", *signature, flag)) << digest;
    EXPECT_FALSE(OpensslVerifies(key_case.label, "another message", *signature, flag)) << digest;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Keys, Pkcs11KeyTest,
    ::testing::Values(KeyCase{"rsa:2048", "rsa2048", 2048}, KeyCase{"rsa:3072", "rsa3072", 3072},
                      KeyCase{"rsa:4096", "rsa4096", 4096}, KeyCase{"EC:prime256v1", "p256", 256},
                      KeyCase{"EC:secp384r1", "p384", 384}, KeyCase{"EC:secp521r1", "p521", 521}),
    [](const auto& instance) { return instance.param.label; });

TEST_F(Pkcs11ProviderTest, RefusesWrongPinAfterSendingItOnce) {
  ASSERT_TRUE(hsm_->GenerateKey("prod", "EC:prime256v1", "key", "01"));
  module_ = SoftHsm::spied_module(hsm_->directory() / "spy");
  const auto key = Load("pkcs11:token=prod;object=key", "9999");
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().code, ErrorCode::kPinIncorrect);
  EXPECT_EQ(key.error().message,
            "logging in to token 'prod': the token refused the PIN (CKR_PIN_INCORRECT)");
  EXPECT_EQ(test::CountCalls(hsm_->directory() / "spy", "C_Login"), 1);
}

TEST_F(Pkcs11ProviderTest, AsksForThePinOfTheTokenByName) {
  ASSERT_TRUE(hsm_->GenerateKey("prod", "EC:prime256v1", "key", "01"));
  ASSERT_TRUE(Load("pkcs11:token=prod;object=key"));
  ASSERT_EQ(requests_.size(), 1U);
  EXPECT_EQ(requests_[0].kind, PassphraseKind::kTokenPin);
  EXPECT_EQ(requests_[0].subject, "token 'prod'");
}

TEST_F(Pkcs11ProviderTest, ALabelSendsNoControlCharactersToATerminal) {
  ASSERT_TRUE(hsm_->AddToken("a\n\x1b[2Jé"));
  EXPECT_FALSE(Load("pkcs11:token=a%0A%1B%5B2J%C3%A9"));
  ASSERT_EQ(requests_.size(), 1U);
  EXPECT_EQ(requests_[0].subject, "token 'a??[2Jé'");
  const auto key = Load("pkcs11:token=none");
  ASSERT_FALSE(key);
  EXPECT_NE(key.error().message.find("'a??[2Jé'"), std::string::npos) << key.error().message;
}

TEST_F(Pkcs11ProviderTest, NamesTheCandidatesWhenSeveralKeysMatch) {
  ASSERT_TRUE(hsm_->GenerateKey("prod", "EC:prime256v1", "one", "01"));
  ASSERT_TRUE(hsm_->GenerateKey("prod", "EC:prime256v1", "two words", "02"));
  const auto key = Load("pkcs11:token=prod");
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().code, ErrorCode::kKeyAmbiguous);
  EXPECT_NE(key.error().message.find("id=%01;object=one;type=private"), std::string::npos);
  EXPECT_NE(key.error().message.find("id=%02;object=two%20words;type=private"), std::string::npos);
}

TEST_F(Pkcs11ProviderTest, NamesTheTokensWhenSeveralMatchAndLogsInToNone) {
  ASSERT_TRUE(hsm_->AddToken("spare"));
  const auto key = Load("pkcs11:object=key");
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().code, ErrorCode::kKeyAmbiguous);
  EXPECT_NE(key.error().message.find("token=prod"), std::string::npos);
  EXPECT_NE(key.error().message.find("token=spare"), std::string::npos);
  EXPECT_TRUE(requests_.empty());
}

TEST_F(Pkcs11ProviderTest, SaysWhichTokenHasNoSuchKey) {
  const auto key = Load("pkcs11:token=prod;object=absent");
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().code, ErrorCode::kKeyNotFound);
  EXPECT_EQ(key.error().message, "no private key on token 'prod' matches the URI");
}

TEST_F(Pkcs11ProviderTest, SaysThatNoTokenMatches) {
  const auto key = Load("pkcs11:token=absent;object=key");
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().code, ErrorCode::kTokenAbsent);
  EXPECT_TRUE(requests_.empty());
}

TEST_F(Pkcs11ProviderTest, RefusesAbsentModule) {
  module_ = "/nonexistent/module.so";
  const auto key = Load("pkcs11:token=prod;object=key");
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().code, ErrorCode::kModule);
}

TEST_F(Pkcs11ProviderTest, RefusesLibraryThatIsNoModule) {
  module_ = "libz.so.1";
  const auto key = Load("pkcs11:token=prod;object=key");
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().code, ErrorCode::kModule);
  EXPECT_NE(key.error().message.find("not a PKCS#11 module"), std::string::npos);
}

TEST_F(Pkcs11ProviderTest, RefusesFileThatIsNoLibrary) {
  Write("module.so", "garbage");
  module_ = hsm_->directory() / "module.so";
  const auto key = Load("pkcs11:token=prod;object=key");
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().code, ErrorCode::kModule);
}

TEST_F(Pkcs11ProviderTest, UsesPinOfTheUriWithoutAsking) {
  ASSERT_TRUE(hsm_->GenerateKey("prod", "EC:prime256v1", "key", "01"));
  EXPECT_TRUE(Load("pkcs11:token=prod;object=key?pin-value=1234", "wrong"));
  EXPECT_TRUE(requests_.empty());
}

/// OpenSSL tries its file loader first, but a file named like the URI must not be used.
TEST_F(Pkcs11ProviderTest, FileNamedLikeTheUriNeverWins) {
  ASSERT_TRUE(hsm_->GenerateKey("prod", "EC:prime256v1", "key", "01"));
  const fs::path before = fs::current_path();
  fs::current_path(hsm_->directory());
  const std::string uri = "pkcs11:token=prod;object=key";
  ASSERT_TRUE(test::Run({"openssl", "genpkey", "-algorithm", "EC", "-pkeyopt",
                         "ec_paramgen_curve:P-256", "-out", uri})
                  .ok());
  const auto key = Load(uri);
  fs::current_path(before);
  ASSERT_TRUE(key) << key.error().message;
  EXPECT_STREQ(OSSL_PROVIDER_get0_name(EVP_PKEY_get0_provider(key->get())), "credmint-pkcs11");
  const auto signature = Sign(key->get(), "a message");
  ASSERT_TRUE(signature);
  EXPECT_TRUE(OpensslVerifies("key", "a message", *signature));
}

TEST_F(Pkcs11ProviderTest, ReadsCertificatesWithoutLogin) {
  WriteCertificate("leaf");
  StoreOptions options = Options("wrong");
  options.expect = StoreExpect::kCertificate;
  const auto contents = OpenStore(*library_, "pkcs11:token=prod;object=leaf", options);
  ASSERT_TRUE(contents) << contents.error().message;
  ASSERT_EQ(contents->certificates.size(), 1U);
  EXPECT_TRUE(requests_.empty());
  std::array<char, 64> name{};
  X509_NAME_get_text_by_NID(X509_get_subject_name(contents->certificates[0].get()), NID_commonName,
                            name.data(), static_cast<int>(name.size()));
  EXPECT_STREQ(name.data(), "on the token");
}

TEST_F(Pkcs11ProviderTest, TwoLoadsShareOneLogin) {
  ASSERT_TRUE(hsm_->GenerateKey("prod", "EC:prime256v1", "one", "01"));
  ASSERT_TRUE(hsm_->GenerateKey("prod", "EC:prime256v1", "two", "02"));
  module_ = SoftHsm::spied_module(hsm_->directory() / "spy");
  const auto one = Load("pkcs11:token=prod;object=one");
  const auto two = Load("pkcs11:token=prod;object=two");
  ASSERT_TRUE(one && two);
  EXPECT_EQ(requests_.size(), 1U);
  EXPECT_EQ(test::CountCalls(hsm_->directory() / "spy", "C_Login"), 1);
  EXPECT_EQ(EVP_PKEY_eq(one->get(), two->get()), 0);
  EXPECT_EQ(EVP_PKEY_eq(one->get(), one->get()), 1);
}

TEST_F(Pkcs11ProviderTest, LeavesTheErrorQueueCleanOnSuccess) {
  ASSERT_TRUE(hsm_->GenerateKey("prod", "EC:prime256v1", "key", "01"));
  ERR_clear_error();
  const auto key = Load("pkcs11:token=prod;object=key");
  ASSERT_TRUE(key && Sign(key->get(), "a message"));
  EXPECT_EQ(ERR_peek_error(), 0U);
}

TEST_F(Pkcs11ProviderTest, KeepsThePrivateHalfToItself) {
  ASSERT_TRUE(hsm_->GenerateKey("prod", "rsa:2048", "key", "01"));
  const auto key = Load("pkcs11:token=prod;object=key");
  ASSERT_TRUE(key);
  BIGNUM* exponent = nullptr;
  EXPECT_EQ(EVP_PKEY_get_bn_param(key->get(), "d", &exponent), 0);
  const BioPtr bio(BIO_new(BIO_s_mem()));
  EXPECT_EQ(PEM_write_bio_PrivateKey(bio.get(), key->get(), nullptr, nullptr, 0, nullptr, nullptr),
            0);
}

TEST_F(Pkcs11ProviderTest, EightThreadsSignWithOneKey) {
  ASSERT_TRUE(hsm_->GenerateKey("prod", "EC:prime256v1", "key", "01"));
  const auto key = Load("pkcs11:token=prod;object=key");
  ASSERT_TRUE(key);
  constexpr int kThreads = 8;
  constexpr int kSignatures = 50;
  std::vector<Bytes> last(kThreads);
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      for (int n = 0; n < kSignatures; ++n) {
        auto signature = Sign(key->get(), "thread " + std::to_string(i));
        ASSERT_TRUE(signature) << signature.error().message;
        last[static_cast<std::size_t>(i)] = *std::move(signature);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (int i = 0; i < kThreads; ++i) {
    EXPECT_TRUE(
        OpensslVerifies("key", "thread " + std::to_string(i), last[static_cast<std::size_t>(i)]));
  }
}

/// SoftHSM crashes if it is finalised after its own exit handlers have run. A process that exits
/// with a loaded key must still end with its own status.
TEST_F(Pkcs11ProviderTest, ProcessThatExitsWithALoadedKeyDoesNotCrash) {
  ASSERT_TRUE(hsm_->GenerateKey("prod", "EC:prime256v1", "key", "01"));
  library_.reset();
  const pid_t child = fork();
  if (child == 0) {
    StartLibrary();
    const auto key = Load("pkcs11:token=prod;object=key");
    exit(key && Sign(key->get(), "a message") ? 42 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status)) << "signal " << WTERMSIG(status);
  EXPECT_EQ(WEXITSTATUS(status), 42);
}

class Pkcs11CountTest : public Pkcs11ProviderTest,
                        public ::testing::WithParamInterface<std::pair<const char*, int>> {
 protected:
  int CallsOfOneSignature(const std::string& name) {
    const fs::path log = hsm_->directory() / name;
    module_ = SoftHsm::spied_module(log);
    {
      const auto key = Load("pkcs11:token=prod;object=key");
      EXPECT_TRUE(key && Sign(key->get(), "a message"));
    }
    library_.reset();
    const int calls = test::CountCalls(log);
    EXPECT_EQ(test::CountCalls(log, "C_Login"), 1);
    EXPECT_EQ(test::CountCalls(log, "C_SignInit"), 1);
    EXPECT_EQ(test::CountCalls(log, "C_Sign"), 1);
    StartLibrary();
    return calls;
  }
};

TEST_P(Pkcs11CountTest, ColdSignatureTakesTheSameFewCallsWhateverTheTokenHolds) {
  const auto& [type, expected] = GetParam();
  ASSERT_TRUE(hsm_->GenerateKey("prod", type, "key", "01"));
  EXPECT_EQ(CallsOfOneSignature("one-key"), expected);
  for (int i = 0; i < 12; ++i) {
    ASSERT_TRUE(hsm_->GenerateKey("prod", "EC:prime256v1", "other" + std::to_string(i),
                                  std::to_string(20 + i)));
  }
  EXPECT_EQ(CallsOfOneSignature("many-keys"), expected);
}

INSTANTIATE_TEST_SUITE_P(Keys, Pkcs11CountTest,
                         ::testing::Values(std::pair{"rsa:2048", 15},
                                           std::pair{"EC:prime256v1", 19}),
                         [](const auto& instance) {
                           return std::string(instance.param.first).starts_with("rsa") ? "Rsa"
                                                                                       : "Ec";
                         });

TEST_F(Pkcs11ProviderTest, FurtherSignaturesTakeTwoCallsEach) {
  ASSERT_TRUE(hsm_->GenerateKey("prod", "EC:prime256v1", "key", "01"));
  const fs::path log = hsm_->directory() / "spy";
  module_ = SoftHsm::spied_module(log);
  const auto key = Load("pkcs11:token=prod;object=key");
  ASSERT_TRUE(key && Sign(key->get(), "a message"));
  const int before = test::CountCalls(log);
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(Sign(key->get(), "a message"));
  EXPECT_EQ(test::CountCalls(log) - before, 20);
}

}  // namespace
}  // namespace credmint
