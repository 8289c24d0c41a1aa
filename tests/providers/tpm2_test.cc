// SPDX-License-Identifier: Apache-2.0
// The TPM provider against a real TPM 2.0 in software. Keys are made by tpm2-tools and
// tpm2-openssl, and signatures are checked by the openssl command with public keys that those
// exported: nothing here that judges a signature shares code with what made it.

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <malloc.h>
#include <openssl/core_names.h>
#include <openssl/decoder.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <tss2/tss2_tpm2_types.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <future>
#include <iterator>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "builtin.h"
#include "ossl/error_queue.h"
#include "ossl/library_context.h"
#include "ossl/store.h"
#include "support/subprocess.h"
#include "support/swtpm.h"
#include "support/tpm_capture.h"

namespace {

/// In a child that leaks on purpose.
bool leaks_are_meant = false;

}  // namespace

/// Asked by LeakSanitizer, if the test is built with it, when the process exits.
// NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)
extern "C" __attribute__((visibility("default"))) int __lsan_is_turned_off() {
  return leaks_are_meant ? 1 : 0;
}

namespace credmint {
namespace {

using std::filesystem::path;
using test::ProcessResult;
using test::Swtpm;

constexpr const char* kMessage = "AWS4-X509-ECDSA-SHA256 and so on";
constexpr const char* kAuth = "sesame-open";
constexpr const char* kSigningKey = "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|sign";
constexpr const char* kStorageKey =
    "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|restricted|decrypt";
constexpr const char* kHandle = "0x81000001";

using Codes = std::vector<std::uint32_t>;
constexpr std::uint32_t kReadPublic = TPM2_CC_ReadPublic;
constexpr std::uint32_t kCreatePrimary = TPM2_CC_CreatePrimary;
constexpr std::uint32_t kLoad = TPM2_CC_Load;
constexpr std::uint32_t kStartSession = TPM2_CC_StartAuthSession;
constexpr std::uint32_t kSign = TPM2_CC_Sign;
constexpr std::uint32_t kDecrypt = TPM2_CC_RSA_Decrypt;
constexpr std::uint32_t kFlush = TPM2_CC_FlushContext;

std::string ReadText(const path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

void WriteText(const path& file, std::string_view text) {
  std::ofstream(file, std::ios::binary) << text;
}

std::string_view AsText(const Bytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// An answer to questions for auth values, and a record of them.
struct Answers {
  std::vector<PassphraseRequest> asked;
  std::string auth;

  [[nodiscard]] PassphraseFunction Function() {
    return [this](const PassphraseRequest& request) -> Result<Secret> {
      asked.push_back(request);
      if (auth.empty()) return Fail(ErrorCode::kPinRequired, "the test gives none");
      return Secret(auth);
    };
  }
};

/// An application with the provider built in. While it lives and has a key, it is connected.
class Application {
 public:
  Application() {
    const BuiltinProvider provider{"credmint-tpm2", credmint_tpm2_provider_init};
    auto created = LibraryContext::Create(std::span(&provider, 1));
    if (created) context_ = std::make_unique<LibraryContext>(*std::move(created));
  }

  Result<PkeyPtr> OpenHandle(const std::string& uri, const std::string& tcti,
                             PassphraseFunction passphrase = {}) {
    return OnlyKey(OpenStore(*context_, uri,
                             {.properties = "provider=credmint-tpm2",
                              .parameters = {{"tcti", tcti}},
                              .passphrase = std::move(passphrase)}));
  }

  Result<PkeyPtr> OpenKeyFile(const path& file, const std::string& tcti,
                              PassphraseFunction passphrase = {},
                              const std::string& parent_auth = {}) {
    StoreOptions options{.parameters = {{"tcti", tcti}}, .passphrase = std::move(passphrase)};
    options.secrets.emplace_back("tpm2-parent-auth", Secret(parent_auth));
    return OnlyKey(ReadStore(*context_, Secret(ReadText(file)), "tss2", options));
  }

  /// As an application does that knows nothing of TPMs; the TCTI comes from the environment.
  Result<PkeyPtr> OpenAnyFile(const path& file, PassphraseFunction passphrase = {}) {
    return OnlyKey(OpenStore(*context_, file.string(), {.passphrase = std::move(passphrase)}));
  }

  /// With a salt length, in OpenSSL's words, RSA-PSS.
  Result<Bytes> Sign(EVP_PKEY* key, const char* digest = "SHA256", const char* salt = nullptr) {
    ERR_clear_error();
    const MdCtxPtr context(EVP_MD_CTX_new());
    EVP_PKEY_CTX* options = nullptr;
    const auto* message = reinterpret_cast<const unsigned char*>(kMessage);
    std::size_t size = 0;
    if (EVP_DigestSignInit_ex(context.get(), &options, digest, context_->get(), nullptr, key,
                              nullptr) != 1 ||
        (salt != nullptr && !ChoosePss(options, salt)) ||
        EVP_DigestSign(context.get(), nullptr, &size, message, strlen(kMessage)) != 1) {
      return tl::unexpected(TakeOpensslError(ErrorCode::kInternal));
    }
    Bytes signature(size);
    if (EVP_DigestSign(context.get(), signature.data(), &size, message, strlen(kMessage)) != 1) {
      return tl::unexpected(TakeOpensslError(ErrorCode::kInternal));
    }
    signature.resize(size);
    return signature;
  }

  [[nodiscard]] const LibraryContext& context() const { return *context_; }

 private:
  static bool ChoosePss(EVP_PKEY_CTX* options, const char* salt) {
    const ParamBldPtr builder(OSSL_PARAM_BLD_new());
    OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_SIGNATURE_PARAM_PAD_MODE,
                                    OSSL_PKEY_RSA_PAD_MODE_PSS, 0);
    OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_SIGNATURE_PARAM_PSS_SALTLEN, salt, 0);
    const ParamsPtr params(OSSL_PARAM_BLD_to_param(builder.get()));
    return EVP_PKEY_CTX_set_params(options, params.get()) == 1;
  }

  static Result<PkeyPtr> OnlyKey(Result<StoreContents> contents) {
    if (!contents) return Fail(std::move(contents));
    if (contents->keys.size() != 1) return Fail(ErrorCode::kInternal, "not exactly one key");
    return std::move(contents->keys.front());
  }

  std::unique_ptr<LibraryContext> context_;
};

class Tpm2Test : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* variable :
         {"TPM2TOOLS_TCTI", "TSS2_TCTI", "TPM2OPENSSL_TCTI", "TCTI_PCAP_FILE", "OPENSSL_CONF"}) {
      unsetenv(variable);
    }
    if (const auto missing = test::MissingProgram(test::TpmPrograms())) {
      if (test::DevicesRequired()) FAIL() << *missing << " is not installed";
      GTEST_SKIP() << *missing << " is not installed";
    }
    swtpm_ = Swtpm::Start();
    ASSERT_TRUE(swtpm_) << "swtpm does not start";
  }

  [[nodiscard]] path File(const std::string& name) const { return swtpm_->directory() / name; }
  [[nodiscard]] std::string tcti() const { return swtpm_->tcti(); }

  /// Runs a tool that must succeed. Nothing it loaded stays.
  std::string Tool(const std::vector<std::string>& arguments) {
    const ProcessResult result = swtpm_->Tool(arguments);
    EXPECT_TRUE(result.ok()) << arguments[0] << " " << arguments[1] << ": " << result.err;
    if (arguments[0].starts_with("tpm2_create")) {
      EXPECT_TRUE(swtpm_->Tool({"tpm2_flushcontext", "-t"}).ok());
    }
    return result.out;
  }

  /// `type` is "RSA" or a curve. Returns the file; its public key is in pub.pem.
  path MakeKeyFile(const std::string& type, const std::vector<std::string>& options = {}) {
    path file = File("key.pem");
    std::vector<std::string> arguments = {"openssl",   "genpkey", "-provider", "tpm2",
                                          "-provider", "default", "-out",      file.string()};
    const bool rsa = type == "RSA";
    arguments.insert(arguments.end(), {"-algorithm", rsa ? "RSA" : "EC", "-pkeyopt",
                                       rsa ? "bits:2048" : "group:" + type});
    for (const std::string& option : options) {
      arguments.insert(arguments.end(), {"-pkeyopt", option});
    }
    Tool(arguments);
    Tool({"openssl", "pkey", "-provider", "tpm2", "-provider", "default", "-in", file.string(),
          "-passin", std::string("pass:") + kAuth, "-pubout", "-out", File("pub.pem").string()});
    return file;
  }

  void MakeParent(const std::vector<std::string>& arguments = {"-C", "o", "-G", "ecc"}) {
    std::vector<std::string> all = {"tpm2_createprimary", "-Q", "-c", File("parent.ctx").string()};
    all.insert(all.end(), arguments.begin(), arguments.end());
    Tool(all);
  }

  /// Makes a key below parent.ctx: key.pub and key.priv, and key.ctx with it loaded.
  void CreateKey(const std::string& algorithm, const std::string& attributes,
                 const std::string& auth = {}, const std::string& parent_auth = {}) {
    std::vector<std::string> arguments = {"tpm2_create", "-Q",
                                          "-C",          File("parent.ctx").string(),
                                          "-G",          algorithm,
                                          "-a",          attributes,
                                          "-u",          File("key.pub").string(),
                                          "-r",          File("key.priv").string(),
                                          "-c",          File("key.ctx").string()};
    if (!auth.empty()) arguments.insert(arguments.end(), {"-p", auth});
    if (!parent_auth.empty()) arguments.insert(arguments.end(), {"-P", parent_auth});
    Tool(arguments);
  }

  /// Makes a persistent key at kHandle; its public key is in pub.pem.
  void MakePersistentKey(const std::string& algorithm, const std::string& attributes = kSigningKey,
                         const std::string& auth = {}) {
    MakeParent();
    CreateKey(algorithm, attributes, auth);
    Persist(File("key.ctx"), kHandle);
    Tool({"tpm2_readpublic", "-Q", "-c", kHandle, "-f", "pem", "-o", File("pub.pem").string()});
  }

  void Persist(const path& object, const std::string& handle) {
    Tool({"tpm2_evictcontrol", "-Q", "-C", "o", "-c", object.string(), handle});
    EXPECT_TRUE(swtpm_->Tool({"tpm2_flushcontext", "-t"}).ok());
  }

  /// Writes key.pub and key.priv as a key file, with the DER of the fields up to the parent.
  path WrapKeyFile(const std::string& head) {
    const auto octets = [](const std::string& contents) {
      EXPECT_LT(contents.size(), 0x10000U);
      return std::string({0x04, static_cast<char>(0x82), static_cast<char>(contents.size() >> 8U),
                          static_cast<char>(contents.size())}) +
             contents;
    };
    const std::string body = std::string("\x06\x06\x67\x81\x05\x0a\x01\x03", 8) + head +
                             octets(ReadText(File("key.pub"))) + octets(ReadText(File("key.priv")));
    std::string der = octets(body);
    der[0] = 0x30;
    WriteText(File("key.der"), der);
    return File("key.der");
  }

  /// Verifies with pub.pem; with a salt length, in OpenSSL's words, RSA-PSS.
  void ExpectValid(const Result<Bytes>& signature, const std::string& digest = "-sha256",
                   const std::string& salt = {}) {
    ASSERT_TRUE(signature) << signature.error().message;
    WriteText(File("message"), kMessage);
    WriteText(File("signature"), AsText(*signature));
    std::vector<std::string> command = {"openssl", "dgst", digest};
    if (!salt.empty()) {
      command.insert(command.end(),
                     {"-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:" + salt});
    }
    command.insert(command.end(), {"-verify", File("pub.pem").string(), "-signature",
                                   File("signature").string(), File("message").string()});
    const ProcessResult verified = test::Run(command);
    EXPECT_TRUE(verified.ok()) << verified.out << verified.err;
  }

  void ExpectNothingLoaded() {
    EXPECT_EQ(Tool({"tpm2_getcap", "handles-transient"}), "");
    EXPECT_EQ(Tool({"tpm2_getcap", "handles-loaded-session"}), "");
  }

  std::string LockoutCounter() {
    const std::string properties = Tool({"tpm2_getcap", "properties-variable"});
    const std::string name = "TPM2_PT_LOCKOUT_COUNTER: ";
    const std::size_t start = properties.find(name) + name.size();
    return properties.substr(start, properties.find('\n', start) - start);
  }

  /// The TCTI with a recorder in front; recording starts anew.
  std::string CapturingTcti() {
    std::filesystem::remove(File("capture"));
    setenv("TCTI_PCAP_FILE", File("capture").c_str(), 1);
    return swtpm_->capturing_tcti();
  }
  /// What was sent, without what the TPM asked to send again: it answers "retry" to the first use
  /// of a key with dictionary-attack protection after a reset (TPM 2.0 Part 1 section 19.8.5).
  [[nodiscard]] Codes CapturedCodes() const {
    Codes codes;
    for (const test::CapturedCommand& command : test::ReadTpmCapture(File("capture"))) {
      if (command.answer != TPM2_RC_RETRY) codes.push_back(command.code);
    }
    return codes;
  }

  /// Nor what can be computed from it alone, so that it could be guessed.
  void ExpectNotSent(const std::string& auth) const {
    const std::string sent = ReadText(File("capture"));
    EXPECT_EQ(sent.find(auth), std::string::npos);
    for (const char* hash : {"SHA1", "SHA256", "SHA384", "SHA512"}) {
      EXPECT_EQ(sent.find(Digest(hash, auth)), std::string::npos) << hash;
    }
  }

  static std::string Digest(const char* hash, const std::string& text) {
    std::string digest(EVP_MAX_MD_SIZE, '\0');
    std::size_t size = 0;
    EXPECT_EQ(EVP_Q_digest(nullptr, hash, nullptr, text.data(), text.size(),
                           reinterpret_cast<unsigned char*>(digest.data()), &size),
              1);
    digest.resize(size);
    return digest;
  }

  std::unique_ptr<Swtpm> swtpm_;
};

// --- failures -----------------------------------------------------------------------------

TEST_F(Tpm2Test, FailsWithoutATpm) {
  Application application;
  const auto key = application.OpenHandle("handle:0x81000001", "device:/nonexistent/tpmrm0");
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().code, ErrorCode::kDevice);
  EXPECT_EQ(key.error().message,
            "cannot open the TPM (device:/nonexistent/tpmrm0): No such file or directory");
  EXPECT_EQ(key.error().hint, "is there a TPM? --tcti or TPM2TOOLS_TCTI names another way to one");
}

TEST_F(Tpm2Test, FailsWhenNothingIsAtTheHandle) {
  const std::string capturing = CapturingTcti();
  {
    Application application;
    const auto key = application.OpenHandle("handle:0x81000005", capturing);
    ASSERT_FALSE(key);
    EXPECT_EQ(key.error().code, ErrorCode::kKeyNotFound);
    EXPECT_EQ(key.error().message, "there is no key at handle 0x81000005");
    EXPECT_EQ(key.error().hint, "credmint list --tpm shows the handles in use");
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
  EXPECT_EQ(key.error().message,
            "TPM key 0x81000001: the TPM key cannot sign (it is a storage or decryption key)");
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
      EXPECT_EQ(
          signature.error().hint,
          "give it with --passin (in other programs: put ?pass behind the handle); the TPM counted "
          "this as a wrong try: 2 more wrong tries lock it");
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

// --- signatures ---------------------------------------------------------------------------

struct KeyKind {
  const char* name;
  const char* file_type;  // for tpm2-openssl
  const char* algorithm;  // for tpm2-tools
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

// --- RSA-PSS ------------------------------------------------------------------------------

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

// --- parents ------------------------------------------------------------------------------

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
    EXPECT_EQ(refused.error().hint, "give it with --parent-passin");
    const auto key = application.OpenKeyFile(file, capturing, {}, "parent-auth");
    ASSERT_TRUE(key) << key.error().message;
    ExpectValid(application.Sign(key->get()));
  }
  ExpectNotSent("parent-auth");
  ExpectNothingLoaded();
}

// --- what is sent -------------------------------------------------------------------------

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

// The name of such a key cannot be checked, so the TPM is asked for its public area.
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
  MakePersistentKey("ecc256");  // at 0x81000001, and it cannot decrypt
  CreateKey("ecc256", kSigningKey, kAuth);
  Persist(File("key.ctx"), "0x81000002");
  Answers answers{.auth = kAuth};
  Application application;
  const auto key = application.OpenHandle("handle:0x81000002?pass", tcti(), answers.Function());
  ASSERT_TRUE(key) << key.error().message;
  EXPECT_TRUE(application.Sign(key->get()));
}

/// The digest stands in for the value: tpm2-tools is told it in hexadecimal.
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

// --- policies -----------------------------------------------------------------------------

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

// --- threads, processes, resets -----------------------------------------------------------

TEST_F(Tpm2Test, SignsFromManyThreads) {
  MakePersistentKey("ecc256", kSigningKey, kAuth);
  std::filesystem::copy_file(File("pub.pem"), File("handle.pem"));
  const path file = MakeKeyFile("P-256");
  std::vector<Bytes> signatures(8);
  {
    Answers answers{.auth = kAuth};
    Application application;
    const auto persistent =
        application.OpenHandle("handle:0x81000001?pass", tcti(), answers.Function());
    ASSERT_TRUE(persistent) << persistent.error().message;
    const auto wrapped = application.OpenKeyFile(file, tcti());
    ASSERT_TRUE(wrapped) << wrapped.error().message;
    std::vector<std::thread> threads;
    for (std::size_t index = 0; index < signatures.size(); ++index) {
      EVP_PKEY* key = index % 2 == 0 ? persistent->get() : wrapped->get();
      threads.emplace_back([&application, &signatures, index, key] {
        for (int round = 0; round < 5; ++round) {
          if (auto made = application.Sign(key)) signatures[index] = *std::move(made);
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  for (std::size_t index = 1; index < signatures.size(); index += 2) ExpectValid(signatures[index]);
  std::filesystem::rename(File("handle.pem"), File("pub.pem"));
  for (std::size_t index = 0; index < signatures.size(); index += 2) ExpectValid(signatures[index]);
  ExpectNothingLoaded();
}

// It hung, or crashed, in what OpenSSL does for a library context when a thread ends.
TEST_F(Tpm2Test, AThreadEndsThatOpenedAKeyWhichAnotherOneFreed) {
  MakePersistentKey("ecc256", kSigningKey, kAuth);
  mallopt(M_PERTURB, 0xa5);  // what was freed is overwritten
  {
    Answers answers{.auth = kAuth};
    Application application;
    std::promise<Result<PkeyPtr>> opened;
    std::promise<void> freed;
    std::thread opening([&] {
      opened.set_value(
          application.OpenHandle("handle:0x81000001?pass", tcti(), answers.Function()));
      freed.get_future().wait();
    });
    auto key = opened.get_future().get();
    EXPECT_TRUE(key && application.Sign(key->get()));
    if (key) key->reset();
    freed.set_value();
    opening.join();
  }
  mallopt(M_PERTURB, 0);
}

// That a child can sign shows tpm_fork_test.py: swtpm serves no second connection.
TEST_F(Tpm2Test, AForkedChildTouchesNothingOfItsParent) {
  const path file = MakeKeyFile("P-256", {std::string("user-auth:") + kAuth});
  const std::string capturing = CapturingTcti();
  {
    Answers answers{.auth = kAuth};
    auto application = std::make_unique<Application>();
    auto key = application->OpenKeyFile(file, capturing, answers.Function());
    ASSERT_TRUE(key) << key.error().message;
    ASSERT_TRUE(application->Sign(key->get()));
    const Codes before = CapturedCodes();

    const pid_t child = fork();
    if (child == 0) {
      leaks_are_meant = true;
      key->reset();
      application.reset();
      exit(0);  // with exit handlers, as a program would
    }
    int status = -1;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
    EXPECT_EQ(CapturedCodes(), before);
    ExpectValid(application->Sign(key->get()));
    key->reset();
  }
  ExpectNothingLoaded();
}

TEST_F(Tpm2Test, ExitFlushesWhatNobodyFreed) {
  const path file = MakeKeyFile("P-256", {std::string("user-auth:") + kAuth});
  const pid_t child = fork();
  if (child == 0) {
    leaks_are_meant = true;
    auto* answers = new Answers{.auth = kAuth};
    auto* application = new Application;
    auto key = application->OpenKeyFile(file, tcti(), answers->Function());
    const bool made = key && application->Sign(key->get());
    static_cast<void>(key->release());
    exit(made ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status)) << "signal " << WTERMSIG(status);
  EXPECT_EQ(WEXITSTATUS(status), 0);
  ExpectNothingLoaded();
}

TEST_F(Tpm2Test, AForkedChildsExitTouchesNothingOfItsParent) {
  const path file = MakeKeyFile("P-256");
  const std::string capturing = CapturingTcti();
  Application application;
  const auto key = application.OpenKeyFile(file, capturing);
  ASSERT_TRUE(key) << key.error().message;
  const Codes before = CapturedCodes();
  const pid_t child = fork();
  if (child == 0) {
    leaks_are_meant = true;
    exit(0);  // with exit handlers, but without freeing anything first
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_EQ(CapturedCodes(), before);
  ExpectValid(application.Sign(key->get()));
}

TEST_F(Tpm2Test, AKeyThatOutlivesTheConnectionFailsCleanly) {
  const path file = MakeKeyFile("P-256");
  Application application;
  const auto key = application.OpenKeyFile(file, tcti());
  ASSERT_TRUE(key) << key.error().message;
  swtpm_.reset();
  const auto signature = application.Sign(key->get());
  ASSERT_FALSE(signature);
  EXPECT_EQ(signature.error().code, ErrorCode::kDevice);
}

/// What the firmware does after a reset: TPM2_Startup(CLEAR). On the provider's own connection if
/// it keeps one open between commands, because swtpm serves only one.
void StartUp(const std::string& socket_path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  socket_path.copy(address.sun_path, sizeof address.sun_path - 1);
  int descriptor = -1;
  for (int candidate = 0; candidate < 1024 && descriptor < 0; ++candidate) {
    sockaddr_un peer{};
    socklen_t size = sizeof peer;
    if (getpeername(candidate, reinterpret_cast<sockaddr*>(&peer), &size) == 0 &&
        peer.sun_family == AF_UNIX && socket_path == peer.sun_path) {
      descriptor = dup(candidate);
    }
  }
  if (descriptor < 0) {
    descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ASSERT_EQ(connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  constexpr std::array<std::uint8_t, 12> kStartup = {0x80, 0x01, 0, 0, 0, 12, 0, 0, 0x01, 0x44};
  ASSERT_EQ(write(descriptor, kStartup.data(), kStartup.size()), ssize_t{kStartup.size()});
  std::array<std::uint8_t, 10> answer{};
  ASSERT_EQ(recv(descriptor, answer.data(), answer.size(), MSG_WAITALL), ssize_t{answer.size()});
  close(descriptor);
  ASSERT_EQ(answer[9], 0);
}

TEST_F(Tpm2Test, LoadsAgainAfterAResetOfTheTpm) {
  for (const std::string& auth : {std::string(), std::string(kAuth)}) {
    const path file =
        auth.empty() ? MakeKeyFile("P-256") : MakeKeyFile("P-256", {"user-auth:" + auth});
    const std::string capturing = CapturingTcti();
    {
      Answers answers{.auth = auth};
      Application application;
      const auto key = application.OpenKeyFile(file, capturing, answers.Function());
      ASSERT_TRUE(key) << key.error().message;
      ASSERT_TRUE(application.Sign(key->get()));
      ASSERT_TRUE(swtpm_->Reset());
      StartUp(swtpm_->socket());
      ExpectValid(application.Sign(key->get()));
      ExpectValid(application.Sign(key->get()));
    }
    ExpectNothingLoaded();
    const Codes codes = CapturedCodes();
    EXPECT_EQ(std::count(codes.begin(), codes.end(), kLoad), 2);
    EXPECT_EQ(std::count(codes.begin(), codes.end(), kSign), 4);
  }
}

TEST_F(Tpm2Test, SignsPssAgainAfterAReset) {
  const path file = MakeKeyFile("RSA");
  {
    Application application;
    const auto key = application.OpenKeyFile(file, tcti());
    ASSERT_TRUE(key) << key.error().message;
    ASSERT_TRUE(swtpm_->Reset());
    StartUp(swtpm_->socket());
    ExpectValid(application.Sign(key->get(), "SHA256", "digest"), "-sha256", "digest");
  }
  ExpectNothingLoaded();
}

TEST_F(Tpm2Test, NeverSignsWithAnotherKeyThatTookTheHandleOfALostOne) {
  const path other = MakeKeyFile("P-256");
  std::filesystem::rename(other, File("other.pem"));
  std::filesystem::rename(File("pub.pem"), File("other.pub"));
  const path file = MakeKeyFile("P-256");
  {
    Application application;
    const auto first = application.OpenKeyFile(file, tcti());
    ASSERT_TRUE(first) << first.error().message;
    ASSERT_TRUE(swtpm_->Reset());
    StartUp(swtpm_->socket());
    auto second = application.OpenKeyFile(File("other.pem"), tcti());
    ASSERT_TRUE(second) << second.error().message;
    ExpectValid(application.Sign(first->get()));
    std::filesystem::rename(File("other.pub"), File("pub.pem"));
    ExpectValid(application.Sign(second->get()));
  }
  ExpectNothingLoaded();
}

TEST_F(Tpm2Test, LoadsOnceWhenManyThreadsFindTheKeyLost) {
  const path file = MakeKeyFile("P-256");
  std::vector<Bytes> signatures(8);
  const std::string capturing = CapturingTcti();
  {
    Application application;
    const auto key = application.OpenKeyFile(file, capturing);
    ASSERT_TRUE(key) << key.error().message;
    ASSERT_TRUE(swtpm_->Reset());
    StartUp(swtpm_->socket());
    std::vector<std::thread> threads;
    threads.reserve(signatures.size());
    for (Bytes& signature : signatures) {
      threads.emplace_back([&] {
        if (auto made = application.Sign(key->get())) signature = *std::move(made);
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  for (const Bytes& signature : signatures) ExpectValid(signature);
  ExpectNothingLoaded();
  const Codes codes = CapturedCodes();
  EXPECT_EQ(std::count(codes.begin(), codes.end(), kLoad), 2);
}

TEST_F(Tpm2Test, RenewsTheSessionThatTwoKeysShareAfterAReset) {
  MakePersistentKey("ecc256", kSigningKey, kAuth);
  const path file = MakeKeyFile("P-256", {std::string("user-auth:") + kAuth});
  {
    Answers answers{.auth = kAuth};
    Application application;
    const auto first = application.OpenHandle("handle:0x81000001?pass", tcti(), answers.Function());
    ASSERT_TRUE(first) << first.error().message;
    const auto second = application.OpenKeyFile(file, tcti(), answers.Function());
    ASSERT_TRUE(second) << second.error().message;
    ASSERT_TRUE(swtpm_->Reset());
    StartUp(swtpm_->socket());
    for (EVP_PKEY* key : {first->get(), second->get(), first->get()}) {
      const auto signature = application.Sign(key);
      EXPECT_TRUE(signature) << signature.error().message;
    }
  }
  ExpectNothingLoaded();
}

TEST_F(Tpm2PolicyTest, LoadsAgainAfterAResetOfTheTpm) {
  const path file = MakePolicyKeyFile();
  {
    Answers answers{.auth = kAuth};
    Application application;
    const auto key = application.OpenKeyFile(file, tcti(), answers.Function());
    ASSERT_TRUE(key) << key.error().message;
    ASSERT_TRUE(application.Sign(key->get()));
    ASSERT_TRUE(swtpm_->Reset());
    StartUp(swtpm_->socket());
    ExpectValid(application.Sign(key->get()));
  }
  ExpectNothingLoaded();
}

TEST_F(Tpm2Test, RenewsTheSessionOfAPersistentKeyAfterAReset) {
  MakePersistentKey("ecc256", kSigningKey, kAuth);
  const std::string capturing = CapturingTcti();
  {
    Answers answers{.auth = kAuth};
    Application application;
    const auto key =
        application.OpenHandle("handle:0x81000001?pass", capturing, answers.Function());
    ASSERT_TRUE(key) << key.error().message;
    ASSERT_TRUE(application.Sign(key->get()));
    ASSERT_TRUE(swtpm_->Reset());
    StartUp(swtpm_->socket());
    ExpectValid(application.Sign(key->get()));
    EXPECT_EQ(answers.asked.size(), 1U);
  }
  // Not the lockout counter: the TPM itself counts a reset without TPM2_Shutdown as a wrong try.
  for (const test::CapturedCommand& command : test::ReadTpmCapture(File("capture"))) {
    EXPECT_NE(command.answer & 0xffU, std::uint32_t{TPM2_RC_AUTH_FAIL}) << command.code;
  }
  ExpectNothingLoaded();
}

}  // namespace
}  // namespace credmint
