// SPDX-License-Identifier: Apache-2.0
// The base of tests of the TPM provider, on a software TPM 2.0.
//
// Keys are made by tpm2-tools and tpm2-openssl, which also export the public keys. The openssl
// command checks signatures with them. No checker shares code with the provider.
#pragma once

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
#include "ossl/read_store.h"
#include "support/subprocess.h"
#include "support/swtpm.h"
#include "support/tpm_capture.h"

namespace credmint {

using std::filesystem::path;
using test::ProcessResult;
using test::Swtpm;

inline constexpr const char* kMessage = "AWS4-X509-ECDSA-SHA256 and so on";
inline constexpr const char* kAuth = "sesame-open";
inline constexpr const char* kSigningKey =
    "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|sign";
inline constexpr const char* kStorageKey =
    "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|restricted|decrypt";
inline constexpr const char* kHandle = "0x81000001";

using Codes = std::vector<std::uint32_t>;
inline constexpr std::uint32_t kReadPublic = TPM2_CC_ReadPublic;
inline constexpr std::uint32_t kCreatePrimary = TPM2_CC_CreatePrimary;
inline constexpr std::uint32_t kLoad = TPM2_CC_Load;
inline constexpr std::uint32_t kStartSession = TPM2_CC_StartAuthSession;
inline constexpr std::uint32_t kSign = TPM2_CC_Sign;
inline constexpr std::uint32_t kDecrypt = TPM2_CC_RSA_Decrypt;
inline constexpr std::uint32_t kFlush = TPM2_CC_FlushContext;

inline std::string ReadText(const path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

inline void WriteText(const path& file, std::string_view text) {
  std::ofstream(file, std::ios::binary) << text;
}

inline std::string_view AsText(const Bytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Answers requests for auth values, and records them.
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

/// An application with the provider built in. It is connected as long as it has a key.
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

  /// Opens a key like an application that does not know TPMs. The environment has the TCTI.
  Result<PkeyPtr> OpenAnyFile(const path& file, PassphraseFunction passphrase = {}) {
    return OnlyKey(OpenStore(*context_, file.string(), {.passphrase = std::move(passphrase)}));
  }

  /// Signs a message. With a salt length, in OpenSSL's notation, it uses RSA-PSS.
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

  /// Runs a tool, which must succeed, and flushes the objects that it loaded.
  std::string Tool(const std::vector<std::string>& arguments) {
    const ProcessResult result = swtpm_->Tool(arguments);
    EXPECT_TRUE(result.ok()) << arguments[0] << " " << arguments[1] << ": " << result.err;
    if (arguments[0].starts_with("tpm2_create")) {
      EXPECT_TRUE(swtpm_->Tool({"tpm2_flushcontext", "-t"}).ok());
    }
    return result.out;
  }

  /// Has tpm2-openssl make a key file. `type` is "RSA" or a curve. The public key is in pub.pem.
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

  /// Makes a child key of parent.ctx: key.pub, key.priv, and key.ctx with the loaded key.
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

  /// Writes a key file from key.pub and key.priv. `head` is the DER of the fields up to the parent.
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

  /// Verifies a signature with pub.pem. With a salt length, in OpenSSL's notation, it is RSA-PSS.
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

  /// A TCTI that records the traffic. Starts a new recording.
  std::string CapturingTcti() {
    std::filesystem::remove(File("capture"));
    setenv("TCTI_PCAP_FILE", File("capture").c_str(), 1);
    return swtpm_->capturing_tcti();
  }
  /// The codes of the commands, without those that the TPM answered with TPM_RC_RETRY. It does so
  /// at the first use of a key with dictionary-attack protection after a reset (TPM 2.0 Part 1
  /// section 19.8.5).
  [[nodiscard]] Codes CapturedCodes() const {
    Codes codes;
    for (const test::CapturedCommand& command : test::ReadTpmCapture(File("capture"))) {
      if (command.answer != TPM2_RC_RETRY) codes.push_back(command.code);
    }
    return codes;
  }

  /// Checks that neither the value nor a digest of it was sent, from which it could be guessed.
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

}  // namespace credmint
