// SPDX-License-Identifier: Apache-2.0
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <openssl/core_names.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <p11-kit/pkcs11.h>

#include <fstream>
#include <thread>

#include "builtin.h"
#include "ossl/error_queue.h"
#include "ossl/library_context.h"
#include "ossl/read_store.h"
#include "support/softhsm.h"

/// Signatures by keys on a token: PKCS#1 v1.5, PSS, ECDSA and Ed25519, hashed by the token or by
/// the provider. The `openssl` command checks them with a public key that libp11 or OpenSC reads.
namespace credmint {
namespace {

namespace fs = std::filesystem;
using test::SoftHsm;

constexpr BuiltinProvider kProvider = {"credmint-pkcs11", credmint_pkcs11_provider_init};
constexpr std::size_t kKept = 65536;  ///< the bytes of a multi-part message that are kept

/// The settings of a signature. With a salt length it is PSS.
struct Settings {
  std::string digest = "SHA256";
  std::string salt;
};

class MechanismsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const auto missing = test::MissingProgram(test::TokenPrograms())) {
      if (test::DevicesRequired()) FAIL() << *missing << " is not installed";
      GTEST_SKIP() << *missing << " is not installed";
    }
    hsm_ = SoftHsm::Create("prod");
    ASSERT_NE(hsm_, nullptr) << "SoftHSM does not work";
    log_ = hsm_->directory() / "spy";
    module_ = SoftHsm::spied_module(log_);
    StartLibrary();
  }

  void StartLibrary() {
    auto library = LibraryContext::Create(std::span(&kProvider, 1));
    ASSERT_TRUE(library) << library.error().message;
    library_.emplace(*std::move(library));
  }

  bool Generate(const std::string& type, const std::string& mechanisms = {},
                std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {"--keypairgen", "--key-type", type, "--label",
                                          "key",          "--id",       "01"};
    if (!mechanisms.empty()) more.insert(more.end(), {"--allowed-mechanisms", mechanisms});
    arguments.insert(arguments.end(), more.begin(), more.end());
    return hsm_->Tool("prod", arguments).ok();
  }

  Result<PkeyPtr> Load() {
    StoreOptions options;
    options.properties = "provider=credmint-pkcs11";
    options.parameters = {{"pkcs11-module-path", module_}};
    options.passphrase = [](const PassphraseRequest&) -> Result<Secret> {
      return Secret(SoftHsm::kPin);
    };
    auto contents = OpenStore(*library_, "pkcs11:token=prod;object=key", options);
    if (!contents) return tl::unexpected(contents.error());
    return std::move(contents->keys.front());
  }

  MdCtxPtr Begin(EVP_PKEY* key, const Settings& settings) {
    MdCtxPtr context(EVP_MD_CTX_new());
    EVP_PKEY_CTX* options = nullptr;
    const char* digest = settings.digest.empty() ? nullptr : settings.digest.c_str();
    bool begun = EVP_DigestSignInit_ex(context.get(), &options, digest, library_->get(), nullptr,
                                       key, nullptr) == 1;
    if (begun && !settings.salt.empty()) {
      begun = EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) == 1 &&
              EVP_PKEY_CTX_ctrl_str(options, "rsa_pss_saltlen", settings.salt.c_str()) == 1;
    }
    return begun ? std::move(context) : nullptr;
  }

  Result<Bytes> Sign(EVP_PKEY* key, const std::string& message, const Settings& settings = {}) {
    ERR_clear_error();
    const MdCtxPtr context = Begin(key, settings);
    Bytes signature(1024);
    std::size_t size = signature.size();
    if (!context || EVP_DigestSign(context.get(), signature.data(), &size,
                                   reinterpret_cast<const unsigned char*>(message.data()),
                                   message.size()) != 1) {
      return tl::unexpected(TakeOpensslError(ErrorCode::kInternal));
    }
    signature.resize(size);
    return signature;
  }

  static Result<Bytes> Finish(EVP_MD_CTX* context) {
    ERR_clear_error();
    Bytes signature(1024);
    std::size_t size = signature.size();
    if (EVP_DigestSignFinal(context, signature.data(), &size) != 1) {
      return tl::unexpected(TakeOpensslError(ErrorCode::kInternal));
    }
    signature.resize(size);
    return signature;
  }

  void Write(const std::string& name, std::string_view bytes) {
    std::ofstream(hsm_->directory() / name, std::ios::binary) << bytes;
  }

  void WriteCase(const std::string& message, const Bytes& signature) {
    Write("message", message);
    Write("signature", {reinterpret_cast<const char*>(signature.data()), signature.size()});
  }

  /// Checks a signature with the openssl command and the public key that libp11's engine reads.
  bool OpensslVerifies(const std::string& message, const Bytes& signature,
                       const Settings& settings = {}) {
    const fs::path& directory = hsm_->directory();
    WriteCase(message, signature);
    const auto read = test::Run({"openssl", "pkey", "-engine", "pkcs11", "-inform", "engine",
                                 "-pubin", "-in", "pkcs11:token=prod;type=public;object=key",
                                 "-pubout", "-out", directory / "public.pem"});
    EXPECT_TRUE(read.ok()) << read.err;
    std::vector<std::string> command = {"openssl", "dgst", "-" + settings.digest, "-verify",
                                        directory / "public.pem"};
    if (!settings.salt.empty()) {
      command.insert(command.end(), {"-sigopt", "rsa_padding_mode:pss", "-sigopt",
                                     "rsa_pss_saltlen:" + settings.salt});
    }
    command.insert(command.end(), {"-signature", directory / "signature", directory / "message"});
    return test::Run(command).ok();
  }

  /// Makes a signature; returns the number of calls to the module.
  int CallsOf(EVP_PKEY* key, const Settings& settings = {}) {
    const int before = test::CountCalls(log_);
    const auto signature = Sign(key, "a message", settings);
    EXPECT_TRUE(signature) << signature.error().message;
    const int calls = test::CountCalls(log_) - before;
    EXPECT_TRUE(signature && OpensslVerifies("a message", *signature, settings));
    return calls;
  }

  std::unique_ptr<SoftHsm> hsm_;
  fs::path log_;
  std::string module_;
  std::optional<LibraryContext> library_;
};

constexpr const char* kAllHashing =
    "SHA224-RSA-PKCS,SHA256-RSA-PKCS,SHA384-RSA-PKCS,SHA512-RSA-PKCS,"
    "SHA224-RSA-PKCS-PSS,SHA256-RSA-PKCS-PSS,SHA384-RSA-PKCS-PSS,SHA512-RSA-PKCS-PSS";

class RsaMechanismsTest : public MechanismsTest,
                          public ::testing::WithParamInterface<const char*> {};

TEST_P(RsaMechanismsTest, EveryDigestAndSaltIsWhatOpensslVerifies) {
  ASSERT_TRUE(Generate("rsa:2048", GetParam()));
  const auto key = Load();
  ASSERT_TRUE(key) << key.error().message;
  for (const char* digest : {"SHA256", "SHA384", "SHA512", "SHA224"}) {
    for (const char* salt : {"", "digest", "max", "0", "20", "33"}) {
      const Settings settings = {digest, salt};
      const auto signature = Sign(key->get(), "a message", settings);
      ASSERT_TRUE(signature) << digest << ' ' << salt << ": " << signature.error().message;
      EXPECT_TRUE(OpensslVerifies("a message", *signature, settings)) << digest << ' ' << salt;
      EXPECT_FALSE(OpensslVerifies("another", *signature, settings)) << digest << ' ' << salt;
    }
  }
}

TEST_P(RsaMechanismsTest, DefaultSaltIsAsLongAsTheDigest) {
  ASSERT_TRUE(Generate("rsa:2048", GetParam()));
  const auto key = Load();
  ASSERT_TRUE(key) << key.error().message;
  const MdCtxPtr context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* options = nullptr;
  ASSERT_EQ(EVP_DigestSignInit_ex(context.get(), &options, "SHA384", library_->get(), nullptr,
                                  key->get(), nullptr),
            1);
  ASSERT_EQ(EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING), 1);
  ASSERT_EQ(EVP_DigestSignUpdate(context.get(), "a message", 9), 1);
  const auto signature = Finish(context.get());
  ASSERT_TRUE(signature) << signature.error().message;
  EXPECT_TRUE(OpensslVerifies("a message", *signature, {"SHA384", "48"}));
}

INSTANTIATE_TEST_SUITE_P(Keys, RsaMechanismsTest, ::testing::Values("", kAllHashing),
                         [](const auto& instance) {
                           return *instance.param == '\0' ? "WeHash" : "TokenHashes";
                         });

TEST_F(MechanismsTest, FirstSignatureByAHashingRsaKeyTakesThreeCallsAndLaterOnesTwo) {
  ASSERT_TRUE(Generate("rsa:2048", "SHA256-RSA-PKCS,SHA256-RSA-PKCS-PSS"));
  const auto key = Load();
  ASSERT_TRUE(key) << key.error().message;
  for (const Settings& settings : {Settings{}, Settings{"SHA256", "digest"}}) {
    EXPECT_EQ(CallsOf(key->get(), settings), 3);
    EXPECT_EQ(CallsOf(key->get(), settings), 2);
    EXPECT_EQ(CallsOf(key->get(), settings), 2);
  }
}

TEST_F(MechanismsTest, KeyThatTakesDigestsNeedsTwoCallsFromTheFirst) {
  ASSERT_TRUE(Generate("rsa:2048", "RSA-PKCS,RSA-PKCS-PSS"));
  const auto key = Load();
  ASSERT_TRUE(key) << key.error().message;
  EXPECT_EQ(CallsOf(key->get()), 2);
  EXPECT_EQ(CallsOf(key->get(), {"SHA512", "digest"}), 2);
}

TEST_F(MechanismsTest, FirstSignatureByAHashingEcKeyTakesThreeCallsAndLaterOnesTwo) {
  ASSERT_TRUE(Generate("EC:secp384r1"));
  setenv("PKCS11SPY", getenv("CREDMINT_HASHING_MODULE"), 1);
  setenv("HASHING_MODULE_BACKEND", SoftHsm::module().c_str(), 1);
  const auto key = Load();
  ASSERT_TRUE(key) << key.error().message;
  EXPECT_EQ(CallsOf(key->get()), 3);
  for (const char* digest : {"SHA256", "SHA384", "SHA512", "SHA224"}) {
    EXPECT_EQ(CallsOf(key->get(), {digest, ""}), 2) << digest;
  }
}

TEST_F(MechanismsTest, ContextSpecificLoginComesAfterTheMechanismThatIsAccepted) {
  ASSERT_TRUE(Generate("rsa:2048", "SHA256-RSA-PKCS", {"--always-auth"}));
  const auto key = Load();
  ASSERT_TRUE(key) << key.error().message;
  EXPECT_EQ(CallsOf(key->get()), 4);
  EXPECT_EQ(CallsOf(key->get()), 3);
}

TEST_F(MechanismsTest, DigestThatTheKeyDoesNotAllowIsRefusedAndTheNextSignatureWorks) {
  ASSERT_TRUE(Generate("rsa:2048", "SHA256-RSA-PKCS"));
  const auto key = Load();
  ASSERT_TRUE(key) << key.error().message;
  const auto refused = Sign(key->get(), "a message", {"SHA384", ""});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kKeyUnusable);
  EXPECT_EQ(refused.error().message,
            "signing with token 'prod': the token refuses both CKM_RSA_PKCS and "
            "CKM_SHA384_RSA_PKCS for this key (CKR_MECHANISM_INVALID)");
  const auto made = Sign(key->get(), "a message");
  EXPECT_TRUE(made) << made.error().message;
}

class MessageTest : public MechanismsTest {
 protected:
  void SetUp() override {
    MechanismsTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    ASSERT_TRUE(Generate("rsa:2048", "SHA256-RSA-PKCS"));
    auto key = Load();
    ASSERT_TRUE(key) << key.error().message;
    key_ = *std::move(key);
  }

  Result<Bytes> SignInParts(const std::vector<std::string>& parts) {
    const MdCtxPtr context = Begin(key_.get(), {});
    for (const std::string& part : parts) {
      EXPECT_EQ(EVP_DigestSignUpdate(context.get(), part.data(), part.size()), 1);
    }
    return Finish(context.get());
  }

  PkeyPtr key_;
};

TEST_F(MessageTest, InPartsIsKeptUpToItsBound) {
  const std::string start(kKept - 3, 'x');
  const auto signature = SignInParts({start, "a", "", "bc"});
  ASSERT_TRUE(signature) << signature.error().message;
  EXPECT_TRUE(OpensslVerifies(start + "abc", *signature));
  const auto refused = SignInParts({start, "abcd"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kKeyUnusable);
  EXPECT_NE(refused.error().message.find("needs the message, which is not at hand"),
            std::string::npos);
}

TEST_F(MessageTest, InOnePieceHasNoBound) {
  const std::string message(10 * kKept, 'x');
  const auto signature = Sign(key_.get(), message);
  ASSERT_TRUE(signature) << signature.error().message;
  EXPECT_TRUE(OpensslVerifies(message, *signature));
}

TEST_F(MessageTest, OfWhichOnlyTheDigestIsGivenIsMissed) {
  const PkeyCtxPtr context(EVP_PKEY_CTX_new_from_pkey(library_->get(), key_.get(), nullptr));
  ASSERT_EQ(EVP_PKEY_sign_init(context.get()), 1);
  const Bytes digest(32, 1);
  Bytes signature(256);
  std::size_t size = signature.size();
  EXPECT_NE(EVP_PKEY_sign(context.get(), signature.data(), &size, digest.data(), digest.size()), 1);
  EXPECT_NE(
      TakeOpensslError(ErrorCode::kInternal).message.find("CKM_SHA256_RSA_PKCS needs the message"),
      std::string::npos);
}

TEST_F(MessageTest, GoesWithACopyOfTheContext) {
  const MdCtxPtr one = Begin(key_.get(), {});
  ASSERT_EQ(EVP_DigestSignUpdate(one.get(), "same ", 5), 1);
  const MdCtxPtr two(EVP_MD_CTX_new());
  ASSERT_EQ(EVP_MD_CTX_copy_ex(two.get(), one.get()), 1);
  ASSERT_EQ(EVP_DigestSignUpdate(one.get(), "one", 3), 1);
  ASSERT_EQ(EVP_DigestSignUpdate(two.get(), "two", 3), 1);
  const auto first = Finish(one.get());
  const auto second = Finish(two.get());
  ASSERT_TRUE(first && second);
  EXPECT_TRUE(OpensslVerifies("same one", *first));
  EXPECT_TRUE(OpensslVerifies("same two", *second));
}

TEST_F(MessageTest, IsForgottenWhenTheContextIsUsedAgain) {
  const MdCtxPtr context = Begin(key_.get(), {});
  ASSERT_EQ(EVP_DigestSignUpdate(context.get(), "first", 5), 1);
  ASSERT_TRUE(Finish(context.get()));
  ASSERT_EQ(EVP_DigestSignInit_ex(context.get(), nullptr, "SHA256", library_->get(), nullptr,
                                  key_.get(), nullptr),
            1);
  ASSERT_EQ(EVP_DigestSignUpdate(context.get(), "second", 6), 1);
  const auto signature = Finish(context.get());
  ASSERT_TRUE(signature) << signature.error().message;
  EXPECT_TRUE(OpensslVerifies("second", *signature));
}

TEST_F(MessageTest, EightThreadsFindTheMechanismTogether) {
  std::vector<Result<Bytes>> last(8, Bytes());
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < last.size(); ++i) {
    threads.emplace_back([&, i] {
      for (int n = 0; n < 10 && last[i]; ++n) last[i] = Sign(key_.get(), std::to_string(i));
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (std::size_t i = 0; i < last.size(); ++i) {
    ASSERT_TRUE(last[i]) << last[i].error().message;
    EXPECT_TRUE(OpensslVerifies(std::to_string(i), *last[i]));
  }
}

const Bytes kNameOfTheCurve = {0x13, 0x0c, 'e', 'd', 'w', 'a', 'r',
                               'd',  's',  '2', '5', '5', '1', '9'};
const Bytes kOidOfThePkix = {0x06, 0x03, 0x2b, 0x65, 0x70};
const Bytes kOidOfOpenPgp = {0x06, 0x09, 0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x0f, 0x01};

/// Direct calls to SoftHSM in a read-write session, for the object's lifetime.
class RawToken {
 public:
  RawToken() : library_(dlopen(SoftHsm::module().c_str(), RTLD_NOW)) {
    const auto get = reinterpret_cast<CK_C_GetFunctionList>(dlsym(library_, "C_GetFunctionList"));
    get(&functions_);
    functions_->C_Initialize(nullptr);
    std::array<CK_SLOT_ID, 8> slots{};
    CK_ULONG count = slots.size();
    functions_->C_GetSlotList(CK_TRUE, slots.data(), &count);
    functions_->C_OpenSession(slots[0], CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr, nullptr,
                              &session_);
    std::string pin = SoftHsm::kPin;
    functions_->C_Login(session_, CKU_USER, reinterpret_cast<CK_UTF8CHAR_PTR>(pin.data()),
                        pin.size());
  }
  ~RawToken() {
    functions_->C_Finalize(nullptr);
    dlclose(library_);
  }
  RawToken(const RawToken&) = delete;
  RawToken& operator=(const RawToken&) = delete;

  /// Creates the public key of the private key with CKA_ID 01.
  bool CreateEdwardsPublicKey(Bytes parameters, Bytes point) {
    CK_OBJECT_CLASS object_class = CKO_PUBLIC_KEY;
    CK_KEY_TYPE type = CKK_EC_EDWARDS;
    CK_BBOOL yes = CK_TRUE;
    CK_BYTE id = 1;
    std::array<CK_ATTRIBUTE, 6> object = {{{CKA_CLASS, &object_class, sizeof object_class},
                                           {CKA_KEY_TYPE, &type, sizeof type},
                                           {CKA_TOKEN, &yes, sizeof yes},
                                           {CKA_ID, &id, sizeof id},
                                           {CKA_EC_PARAMS, parameters.data(), parameters.size()},
                                           {CKA_EC_POINT, point.data(), point.size()}}};
    CK_OBJECT_HANDLE handle = 0;
    return functions_->C_CreateObject(session_, object.data(), object.size(), &handle) == CKR_OK;
  }

 private:
  void* library_;
  CK_FUNCTION_LIST_PTR functions_ = nullptr;
  CK_SESSION_HANDLE session_ = 0;
};

/// OpenSC reads the public keys here, because libp11 cannot read Ed25519 keys.
class Ed25519Test : public MechanismsTest {
 protected:
  void SetUp() override {
    MechanismsTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    ASSERT_TRUE(Generate("EC:edwards25519"));
    const fs::path object = hsm_->directory() / "object";
    ASSERT_TRUE(hsm_->Tool("prod", {"--read-object", "--type", "pubkey", "--label", "key",
                                    "--output-file", object})
                    .ok());
    ASSERT_TRUE(
        test::Run({"openssl", "pkey", "-pubin", "-in", object, "-pubout", "-out", PublicKeyFile()})
            .ok());
  }

  fs::path PublicKeyFile() { return hsm_->directory() / "public.pem"; }

  PkeyPtr PublicKey() {
    const BioPtr file(BIO_new_file(PublicKeyFile().c_str(), "r"));
    return PkeyPtr(PEM_read_bio_PUBKEY(file.get(), nullptr, nullptr, nullptr));
  }

  Bytes Point() {
    Bytes point(32);
    std::size_t size = point.size();
    EXPECT_EQ(EVP_PKEY_get_raw_public_key(PublicKey().get(), point.data(), &size), 1);
    return point;
  }

  bool DeletePublicKey() {
    return hsm_->Tool("prod", {"--delete-object", "--type", "pubkey", "--id", "01"}).ok();
  }

  void ReplacePublicKey(const Bytes& parameters, const Bytes& point) {
    library_.reset();  // a process has one user of SoftHSM at a time
    ASSERT_TRUE(DeletePublicKey());
    ASSERT_TRUE(RawToken().CreateEdwardsPublicKey(parameters, point));
    StartLibrary();
  }

  bool OpensslVerifies(const std::string& message, const Bytes& signature) {
    WriteCase(message, signature);
    return test::Run({"openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-inkey",
                      PublicKeyFile(), "-in", hsm_->directory() / "message", "-sigfile",
                      hsm_->directory() / "signature"})
        .ok();
  }

  void ExpectToSign() {
    const auto key = Load();
    ASSERT_TRUE(key) << key.error().message;
    EXPECT_EQ(EVP_PKEY_eq(key->get(), PublicKey().get()), 1);
    const auto signature = Sign(key->get(), "a message", {"", ""});
    ASSERT_TRUE(signature) << signature.error().message;
    EXPECT_EQ(signature->size(), 64U);
    EXPECT_TRUE(OpensslVerifies("a message", *signature));
    EXPECT_FALSE(OpensslVerifies("another message", *signature));
  }
};

Bytes Join(Bytes start, const Bytes& end) {
  start.insert(start.end(), end.begin(), end.end());
  return start;
}

TEST_F(Ed25519Test, SignsWhatOpensslVerifies) { ExpectToSign(); }

TEST_F(Ed25519Test, ReadsThePublicHalfInEveryForm) {
  const Bytes point = Point();
  for (const Bytes& curve : {kNameOfTheCurve, kOidOfThePkix, kOidOfOpenPgp}) {
    for (const Bytes& start : {Bytes{}, Bytes{0x04, 0x20}, Bytes{0x03, 0x21, 0x00}}) {
      ReplacePublicKey(curve, Join(start, point));
      ExpectToSign();
    }
  }
}

TEST_F(Ed25519Test, ReadsThePublicHalfFromACertificate) {
  const fs::path& folder = hsm_->directory();
  ASSERT_TRUE(
      test::Run({"openssl", "genpkey", "-algorithm", "ED25519", "-out", folder / "ca.key"}).ok());
  ASSERT_TRUE(
      test::Run({"openssl", "x509", "-new", "-subj", "/CN=x", "-force_pubkey", PublicKeyFile(),
                 "-signkey", folder / "ca.key", "-outform", "DER", "-out", folder / "leaf.der"})
          .ok());
  ASSERT_TRUE(DeletePublicKey());
  ASSERT_TRUE(
      hsm_->Tool("prod", {"--write-object", folder / "leaf.der", "--type", "cert", "--id", "01"})
          .ok());
  ExpectToSign();
}

TEST_F(Ed25519Test, RefusesOtherCurvesAndPoints) {
  const Bytes point = Point();
  const Bytes ed448 = {0x06, 0x03, 0x2b, 0x65, 0x71};
  for (const auto& [curve, value] :
       {std::pair{ed448, point}, std::pair{kOidOfThePkix, Join({0x04, 0x21}, point)},
        std::pair{kOidOfThePkix, Join({0x05}, point)}}) {
    ReplacePublicKey(curve, value);
    const auto key = Load();
    ASSERT_FALSE(key);
    EXPECT_EQ(key.error().code, ErrorCode::kKeyUnusable);
  }
}

TEST_F(Ed25519Test, TakesNoDigestAndNoParts) {
  const auto key = Load();
  ASSERT_TRUE(key) << key.error().message;
  const auto refused = Sign(key->get(), "a message", {"SHA256", ""});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kUsage);
  const MdCtxPtr context = Begin(key->get(), {"", ""});
  ASSERT_NE(context, nullptr);
  EXPECT_NE(EVP_DigestSignUpdate(context.get(), "a message", 9), 1);
}

TEST_F(Ed25519Test, SignaturesTakeTwoCallsEach) {
  const auto key = Load();
  ASSERT_TRUE(key) << key.error().message;
  for (int i = 0; i < 2; ++i) {
    const int before = test::CountCalls(log_);
    ASSERT_TRUE(Sign(key->get(), "a message", {"", ""}));
    EXPECT_EQ(test::CountCalls(log_) - before, 2);
  }
}

}  // namespace
}  // namespace credmint
