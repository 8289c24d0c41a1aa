// SPDX-License-Identifier: Apache-2.0
#include "identity/key_opener.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <deque>
#include <functional>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "support/temp_dir.h"
#include "support/test_pki.h"

namespace credmint {
namespace {

constexpr const char* kTryElsewhere =
    "does the file open elsewhere with it? openssl pkey -noout -in OLD asks for it";

using test::Party;
using test::TestKey;
using Use = KeyReference::Use;

constexpr const char* kPassphrase = "right one";

/// A leaf issued by CN=CA with an RSA or EC key, made once because RSA keys take time.
const Party& Leaf(std::string_view kind) {
  static const Party ca = test::Issue(test::CaSpec("CA"));
  static const Party rsa = test::Issue({}, &ca, test::NewKey("RSA-1024"));
  static const Party ec = test::Issue({}, &ca, test::NewKey("P-256"));
  return kind == "RSA" ? rsa : ec;
}

std::string WithCrLf(const std::string& text) {
  std::string result;
  for (const char c : text) result += c == '\n' ? "\r\n" : std::string(1, c);
  return result;
}

bool Available(const char* reference) {
  const Scheme* scheme = FindScheme(reference);
  return scheme != nullptr && scheme->init != nullptr;
}

/// A context for all tests. OpenSSL numbers the providers that a process loads, and errors of those
/// after the 128th look like its own.
const LibraryContext& Context() {
  static const LibraryContext context = LibraryContext::Create(BuiltinProviders()).value();
  return context;
}

class KeyOpenerTest : public testing::Test {
 protected:
  ~KeyOpenerTest() override { EXPECT_EQ(ERR_peek_error(), 0UL) << "the queue must be empty"; }

  KeyOpener Opener(const std::optional<std::string>& passphrase = std::nullopt) {
    PinSources pins;
    if (passphrase) pins.user = SecretSource::FromSecret(Secret(*passphrase));
    return {context_, std::move(pins), {}};
  }

  using OpenedKey = Result<std::shared_ptr<const SigningKey>>;

  static OpenedKey OpenKey(KeyOpener opener, const std::string& reference) {
    return opener.OpenKey(KeyReference::Parse(reference, Use::kPrivateKey).value());
  }
  /// Opens a file with these contents.
  OpenedKey ReadKey(const std::string& contents,
                    const std::optional<std::string>& passphrase = std::nullopt) {
    path_ = directory_.Write("key", contents);
    return OpenKey(Opener(passphrase), path_);
  }
  Result<std::vector<Certificate>> ReadCertificates(
      const std::string& contents, const std::optional<std::string>& passphrase = std::nullopt) {
    path_ = directory_.Write("certificate", contents);
    return Opener(passphrase)
        .OpenCertificates(KeyReference::Parse(path_, Use::kCertificate).value());
  }

  void ExpectKeyFailure(const OpenedKey& opened, ErrorCode code, const std::string& message,
                        const std::string& hint = "", Remedy remedy = Remedy::kNone) const {
    ASSERT_FALSE(opened.has_value());
    EXPECT_EQ(opened.error().remedy, remedy);
    EXPECT_EQ(opened.error().code, code);
    EXPECT_EQ(opened.error().message, "opening key " + path_ + ": " + message);
    EXPECT_EQ(opened.error().hint, hint);
  }
  void ExpectCertificateFailure(const Result<std::vector<Certificate>>& opened, ErrorCode code,
                                const std::string& message, const std::string& hint = "",
                                Remedy remedy = Remedy::kNone) const {
    ASSERT_FALSE(opened.has_value());
    EXPECT_EQ(opened.error().remedy, remedy);
    EXPECT_EQ(opened.error().code, code);
    EXPECT_EQ(opened.error().message, "opening certificate " + path_ + ": " + message);
    EXPECT_EQ(opened.error().hint, hint);
  }

  const test::TempDir directory_;
  std::string path_;
  const LibraryContext& context_ = Context();
};

// Private keys that cannot be opened.

TEST_F(KeyOpenerTest, NamesAFileThatIsMissing) {
  path_ = directory_.File("missing");
  ExpectKeyFailure(OpenKey(Opener(), path_), ErrorCode::kLocalIo,
                   "cannot read " + path_ + ": No such file or directory");
}

TEST_F(KeyOpenerTest, RefusesAnEmptyFile) {
  const auto opened = ReadKey("");
  ExpectKeyFailure(opened, ErrorCode::kLocalIo, "cannot read " + path_ + ": it is empty");
}

TEST_F(KeyOpenerTest, RefusesWhatIsNoKey) {
  for (const std::string& contents :
       {std::string("this is not a key\n"), std::string(1000, '\0'),
        std::string("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
        test::Pkcs8Der(Leaf("EC").key).substr(1)}) {
    ExpectKeyFailure(ReadKey(contents), ErrorCode::kMalformed,
                     "it is not a private key that can be read",
                     "expected PEM or DER of PKCS#8, PKCS#1, SEC1, PKCS#12 or a TPM key file");
  }
}

TEST_F(KeyOpenerTest, FindsNoPrivateKeyInACertificate) {
  for (const std::string& contents : {test::CertificatePem(Leaf("EC").certificate),
                                      test::CertificateDer(Leaf("EC").certificate)}) {
    ExpectKeyFailure(ReadKey(contents), ErrorCode::kKeyNotFound,
                     "it is a certificate, not a private key",
                     "are certificate and private key swapped?");
  }
}

TEST_F(KeyOpenerTest, NamesAnEncryptionThatOpensslHasNoLonger) {
  std::string pem = test::EncryptedTraditionalPem(Leaf("EC").key, kPassphrase);
  const std::string now = "AES-128-CBC,";
  const std::size_t cipher = pem.find(now);
  ASSERT_NE(cipher, std::string::npos);
  pem.replace(cipher, now.size() + 32, "DES-CBC,0123456789ABCDEF");
  const auto opened = ReadKey(pem, kPassphrase);
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code, ErrorCode::kKeyUnusable);
  EXPECT_EQ(opened.error().message,
            "opening key " + path_ +
                ": it is encrypted with an algorithm that OpenSSL has only in its legacy provider");
}

TEST_F(KeyOpenerTest, DoesNotChooseAmongTwoKeys) {
  const std::string two = test::Pkcs8Pem(Leaf("EC").key) + test::TraditionalPem(Leaf("RSA").key);
  const auto opened = ReadKey(two);
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code, ErrorCode::kKeyAmbiguous);
  EXPECT_EQ(opened.error().message, "opening key " + path_ + ": it holds 2 private keys");
}

TEST_F(KeyOpenerTest, SchemeThatNoProviderServesIsRefused) {
  const auto opened = OpenKey(Opener(), "credmint-no-such-scheme:x");
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code, ErrorCode::kMalformed);
  EXPECT_EQ(opened.error().message.find("opening key credmint-no-such-scheme:x: "), 0U);
}

TEST_F(KeyOpenerTest, TpmKeyFileNeedsABuildWithTpmSupport) {
  if (Available("tss2:")) GTEST_SKIP() << "built with TPM support";
  ExpectKeyFailure(
      ReadKey("-----BEGIN TSS2 PRIVATE KEY-----\nAAAA\n-----END TSS2 PRIVATE KEY-----\n"),
      ErrorCode::kUsage, "this build cannot use a TSS2 PRIVATE KEY file");
}

TEST_F(KeyOpenerTest, FileNamedLikeAUriNeverWins) {
  if (!Available("pkcs11:")) GTEST_SKIP() << "built without PKCS#11 support";
  directory_.Write("pkcs11:token=a;type=private?module-name=credmint-no-such-module",
                   test::Pkcs8Pem(Leaf("EC").key));
  const test::WorkingDirectory here(directory_.path());
  const auto opened = OpenKey(Opener(), "pkcs11:token=a?module-name=credmint-no-such-module");
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code, ErrorCode::kModule) << opened.error().message;
}

TEST_F(KeyOpenerTest, PinOfOneReferenceIsNotTriedOnAnother) {
  if (!Available("pkcs11:")) GTEST_SKIP() << "built without PKCS#11 support";
  KeyOpener opener = Opener(kPassphrase);
  static_cast<void>(opener.OpenCertificates(
      KeyReference::Parse("pkcs11:token=a?module-name=credmint-no-such-module&pin-value=1234",
                          Use::kCertificate)
          .value()));
  path_ = directory_.Write("key", test::EncryptedPkcs8Pem(Leaf("EC").key, kPassphrase));
  const auto opened = opener.OpenKey(KeyReference::Parse(path_, Use::kPrivateKey).value());
  EXPECT_TRUE(opened.has_value()) << opened.error().message;
}

TEST_F(KeyOpenerTest, AsksForNothingThatIsNotNeeded) {
  PinSources pins;
  pins.user = SecretSource::FromFile(directory_.File("missing"));
  const std::string path = directory_.Write("plain", test::Pkcs8Pem(Leaf("EC").key));
  EXPECT_TRUE(OpenKey(KeyOpener(context_, std::move(pins), {}), path).has_value());
}

TEST_F(KeyOpenerTest, FailureOfThePassphrasesSourceIsHandedOn) {
  PinSources pins;
  pins.user = SecretSource::FromFile(directory_.File("missing"));
  path_ = directory_.Write("key", test::EncryptedPkcs8Pem(Leaf("EC").key, kPassphrase));
  ExpectKeyFailure(OpenKey(KeyOpener(context_, std::move(pins), {}), path_),
                   ErrorCode::kSecretUnreadable,
                   "cannot read " + directory_.File("missing") + ": No such file or directory");
}

TEST_F(KeyOpenerTest, ReadsAKeyFromAPipe) {
  const std::string pem = test::Pkcs8Pem(Leaf("EC").key);
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
  ASSERT_EQ(write(ends[1], pem.data(), pem.size()), std::ssize(pem));
  close(ends[1]);
  const auto opened = OpenKey(Opener(), "/dev/fd/" + std::to_string(ends[0]));
  close(ends[0]);
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  EXPECT_EQ(EVP_PKEY_eq((*opened)->get(), Leaf("EC").key.get()), 1);
}

// Passphrases from a terminal.

/// Answers prompts like a person at a terminal, and records them.
struct Typist {
  std::deque<std::string> answers;
  std::vector<PromptReason> reasons;
  std::vector<std::string> subjects;

  PinSources Pins() {
    PinSources pins;
    pins.prompted = PromptedSecrets([this](const PassphraseRequest& request,
                                           PromptReason reason) -> Result<std::optional<Secret>> {
      EXPECT_EQ(request.kind, PassphraseKind::kFile);
      subjects.push_back(request.subject);
      reasons.push_back(reason);
      if (answers.empty()) return Fail(ErrorCode::kPinRequired, "cancelled at the terminal");
      std::optional<Secret> typed(Secret(answers.front()));
      answers.pop_front();
      return typed;
    });
    return pins;
  }
};

using Reasons = std::vector<PromptReason>;
using enum PromptReason;

class PromptedKeyTest : public KeyOpenerTest {
 protected:
  OpenedKey OpenEncrypted(const std::string& contents) {
    path_ = directory_.Write("key", contents);
    return OpenKey(KeyOpener(context_, person_.Pins(), {}), path_);
  }
  OpenedKey OpenEncrypted() {
    return OpenEncrypted(test::EncryptedPkcs8Pem(Leaf("EC").key, kPassphrase));
  }

  Typist person_;
};

TEST_F(PromptedKeyTest, NobodyIsAskedWithoutNeed) {
  EXPECT_TRUE(OpenEncrypted(test::Pkcs8Pem(Leaf("EC").key)).has_value());
  EXPECT_EQ(person_.reasons, Reasons());
}

TEST_F(PromptedKeyTest, IsOpenedByTheRightPassphrase) {
  person_.answers = {kPassphrase};
  EXPECT_TRUE(OpenEncrypted().has_value());
  EXPECT_EQ(person_.subjects, std::vector({path_}));
}

TEST_F(PromptedKeyTest, IsOpenedByTheThirdPassphrase) {
  person_.answers = {"wrong", "", kPassphrase};
  EXPECT_TRUE(OpenEncrypted().has_value());
  EXPECT_EQ(person_.reasons, Reasons({kNeeded, kRefused, kRefused}));
}

TEST_F(PromptedKeyTest, ThreeWrongPassphrasesAreTheEnd) {
  person_.answers = {"a", "b", "c", kPassphrase};
  ExpectKeyFailure(OpenEncrypted(), ErrorCode::kPinIncorrect,
                   "it cannot be decrypted with the passphrase given", kTryElsewhere);
  EXPECT_EQ(person_.reasons, Reasons({kNeeded, kRefused, kRefused}));
}

TEST_F(PromptedKeyTest, RepetitionIsNotTriedButCounted) {
  person_.answers = {"wrong", "wrong", kPassphrase};
  EXPECT_TRUE(OpenEncrypted().has_value());
  EXPECT_EQ(person_.reasons, Reasons({kNeeded, kRefused, kRefusedAlready}));
  person_ = {{"wrong", "wrong", "wrong", kPassphrase}, {}, {}};
  ExpectKeyFailure(OpenEncrypted(), ErrorCode::kPinIncorrect,
                   "what was typed for " + path_ + " was refused");
  EXPECT_EQ(person_.reasons.size(), 3U);
}

TEST_F(PromptedKeyTest, CancelIsTheEnd) {
  person_.answers = {"wrong"};
  ExpectKeyFailure(OpenEncrypted(), ErrorCode::kPinRequired, "cancelled at the terminal");
  EXPECT_EQ(person_.reasons.size(), 2U);
}

TEST_F(PromptedKeyTest, FailureOfAnotherKindIsTheEnd) {
  person_.answers = {kPassphrase, kPassphrase};
  const std::string encrypted = test::EncryptedPkcs8Pem(Leaf("EC").key, kPassphrase);
  EXPECT_EQ(OpenEncrypted(encrypted + encrypted).error().code, ErrorCode::kKeyAmbiguous);
  EXPECT_EQ(person_.reasons.size(), 1U);
}

TEST_F(PromptedKeyTest, SecretThatWasGivenIsTriedOnce) {
  PinSources pins = person_.Pins();
  pins.user = SecretSource::FromSecret(Secret("wrong"));
  path_ = directory_.Write("key", test::EncryptedPkcs8Pem(Leaf("EC").key, kPassphrase));
  ExpectKeyFailure(OpenKey(KeyOpener(context_, std::move(pins), {}), path_),
                   ErrorCode::kPinIncorrect, "it cannot be decrypted with the passphrase given",
                   kTryElsewhere);
  EXPECT_EQ(person_.reasons, Reasons());
}

TEST_F(PromptedKeyTest, CertificateAndKeyInOneFileNeedOnePrompt) {
  person_.answers = {"wrong", kPassphrase};
  path_ = directory_.Write("both", test::Pkcs12(Leaf("EC"), {}, kPassphrase));
  KeyOpener opener(context_, person_.Pins(), {});
  EXPECT_TRUE(opener.OpenKey(KeyReference::Parse(path_, Use::kPrivateKey).value()).has_value());
  EXPECT_TRUE(
      opener.OpenCertificates(KeyReference::Parse(path_, Use::kCertificate).value()).has_value());
  EXPECT_EQ(person_.reasons, Reasons({kNeeded, kRefused}));
}

TEST_F(PromptedKeyTest, PassphraseOfOneFileIsNotTriedOnAnother) {
  person_.answers = {kPassphrase, "the other one"};
  KeyOpener opener(context_, person_.Pins(), {});
  const std::string first =
      directory_.Write("first", test::EncryptedPkcs8Pem(Leaf("EC").key, kPassphrase));
  const std::string second =
      directory_.Write("second", test::EncryptedPkcs8Pem(Leaf("RSA").key, "the other one"));
  for (const std::string& path : {first, second}) {
    EXPECT_TRUE(opener.OpenKey(KeyReference::Parse(path, Use::kPrivateKey).value()).has_value());
  }
  EXPECT_EQ(person_.subjects, std::vector({first, second}));
  EXPECT_EQ(person_.reasons, Reasons({kNeeded, kNeeded}));
}

TEST_F(PromptedKeyTest, PipeIsReadOnceForAllTries) {
  person_.answers = {"wrong", kPassphrase};
  const std::string pem = test::EncryptedPkcs8Pem(Leaf("EC").key, kPassphrase);
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
  ASSERT_EQ(write(ends[1], pem.data(), pem.size()), std::ssize(pem));
  close(ends[1]);
  const auto opened =
      OpenKey(KeyOpener(context_, person_.Pins(), {}), "/dev/fd/" + std::to_string(ends[0]));
  close(ends[0]);
  EXPECT_TRUE(opened.has_value()) << opened.error().message;
}

// Private keys in every common form.

struct Form {
  const char* name;
  std::function<std::string(const Party&)> write;
  std::optional<std::string> passphrase;  ///< unless the form is not encrypted
};

std::ostream& operator<<(std::ostream& out, const Form& form) { return out << form.name; }

std::string EcParameters() {
  return "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
}

const std::vector<Form>& Forms() {
  static const std::vector<Form> kForms = {
      {"Pkcs8Pem", [](const Party& p) { return test::Pkcs8Pem(p.key); }, {}},
      {"Pkcs8Der", [](const Party& p) { return test::Pkcs8Der(p.key); }, {}},
      {"TraditionalPem", [](const Party& p) { return test::TraditionalPem(p.key); }, {}},
      {"TraditionalDer", [](const Party& p) { return test::TraditionalDer(p.key); }, {}},
      {"CrLf", [](const Party& p) { return WithCrLf(test::Pkcs8Pem(p.key)); }, {}},
      {"TextBeforeIt",
       [](const Party& p) { return "Bag Attributes\n  a: 01\n" + test::Pkcs8Pem(p.key); },
       {}},
      {"ParametersBeforeIt",
       [](const Party& p) { return EcParameters() + test::TraditionalPem(p.key); },
       {}},
      {"KeyAndCertificate",
       [](const Party& p) { return test::Pkcs8Pem(p.key) + test::CertificatePem(p.certificate); },
       {}},
      {"CertificateAndKey",
       [](const Party& p) {
         return test::CertificatePem(p.certificate) + test::TraditionalPem(p.key);
       },
       {}},
      {"Pkcs12WithoutPassphrase", [](const Party& p) { return test::Pkcs12(p, {}, {}); }, {}},
      {"Pkcs12WithEmptyPassphrase", [](const Party& p) { return test::Pkcs12(p, {}, ""); }, {}},
      {"Pbes2Pem", [](const Party& p) { return test::EncryptedPkcs8Pem(p.key, kPassphrase); },
       kPassphrase},
      {"Pbes2Der", [](const Party& p) { return test::EncryptedPkcs8Der(p.key, kPassphrase); },
       kPassphrase},
      {"ScryptPem", [](const Party& p) { return test::ScryptPkcs8Pem(p.key, kPassphrase); },
       kPassphrase},
      {"EncryptedTraditionalPem",
       [](const Party& p) { return test::EncryptedTraditionalPem(p.key, kPassphrase); },
       kPassphrase},
      {"CertificateAndEncryptedKey",
       [](const Party& p) {
         return test::CertificatePem(p.certificate) + test::EncryptedPkcs8Pem(p.key, kPassphrase);
       },
       kPassphrase},
      {"Pkcs12", [](const Party& p) { return test::Pkcs12(p, {p.certificate}, kPassphrase); },
       kPassphrase}};
  return kForms;
}

std::vector<Form> EncryptedForms() {
  std::vector<Form> forms = Forms();
  std::erase_if(forms, [](const Form& form) { return !form.passphrase; });
  return forms;
}

class KeyFormTest : public KeyOpenerTest,
                    public testing::WithParamInterface<std::tuple<const char*, Form>> {
 protected:
  const Party& leaf_ = Leaf(std::get<0>(GetParam()));
  const Form& form_ = std::get<1>(GetParam());
};

std::string FormName(const testing::TestParamInfo<std::tuple<const char*, Form>>& info) {
  return std::string(std::get<0>(info.param)) + std::get<1>(info.param).name;
}

TEST_P(KeyFormTest, IsRead) {
  const auto opened = ReadKey(form_.write(leaf_), form_.passphrase);
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  EXPECT_EQ(EVP_PKEY_eq((*opened)->get(), leaf_.key.get()), 1);
  EXPECT_TRUE((*opened)->Sign("text").has_value());
}

TEST_P(KeyFormTest, TruncatedItIsNeverAnotherKey) {
  const std::string contents = form_.write(leaf_);
  for (std::size_t size = 16; size < contents.size(); size += 16) {
    const auto opened = ReadKey(contents.substr(0, size), form_.passphrase);
    if (opened) {
      EXPECT_EQ(EVP_PKEY_eq((*opened)->get(), leaf_.key.get()), 1) << size;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Keys, KeyFormTest,
                         testing::Combine(testing::Values("RSA", "EC"), testing::ValuesIn(Forms())),
                         FormName);

using EncryptedKeyFormTest = KeyFormTest;

TEST_P(EncryptedKeyFormTest, NeedsAPassphrase) {
  ExpectKeyFailure(ReadKey(form_.write(leaf_)), ErrorCode::kPinRequired,
                   "the file needs a passphrase and none was given", "", Remedy::kGiveSecret);
}

TEST_P(EncryptedKeyFormTest, NeedsTheRightPassphrase) {
  for (const char* wrong : {"", "wrong", "right one "}) {
    ExpectKeyFailure(ReadKey(form_.write(leaf_), wrong), ErrorCode::kPinIncorrect,
                     "it cannot be decrypted with the passphrase given", kTryElsewhere);
  }
}

INSTANTIATE_TEST_SUITE_P(Keys, EncryptedKeyFormTest,
                         testing::Combine(testing::Values("RSA", "EC"),
                                          testing::ValuesIn(EncryptedForms())),
                         FormName);

TEST_F(KeyOpenerTest, PassphraseThatIsNotNeededDoesNoHarm) {
  EXPECT_TRUE(ReadKey(test::Pkcs8Pem(Leaf("EC").key), kPassphrase).has_value());
  EXPECT_TRUE(ReadKey(test::Pkcs12(Leaf("EC"), {}, {}), kPassphrase).has_value());
}

// Certificates.

using Names = std::vector<std::string>;

Names Subjects(const Result<std::vector<Certificate>>& certificates) {
  if (!certificates) return {certificates.error().message};
  Names names;
  for (const Certificate& certificate : *certificates) names.push_back(certificate.Subject());
  return names;
}

class CertificateFileTest : public KeyOpenerTest {
 protected:
  const Party root_ = test::Issue(test::CaSpec("Root"));
  const Party leaf_ = test::Issue({}, &root_);
  const std::string leaf_pem_ = test::CertificatePem(leaf_.certificate);
  const std::string root_pem_ = test::CertificatePem(root_.certificate);
};

TEST_F(CertificateFileTest, NamesAFileThatIsMissing) {
  path_ = directory_.File("missing");
  ExpectCertificateFailure(
      Opener().OpenCertificates(KeyReference::Parse(path_, Use::kCertificate).value()),
      ErrorCode::kLocalIo, "cannot read " + path_ + ": No such file or directory");
}

TEST_F(CertificateFileTest, RefusesWhatIsNoCertificate) {
  for (const std::string& contents : {std::string("no certificate\n"), std::string(1000, '\0')}) {
    ExpectCertificateFailure(ReadCertificates(contents), ErrorCode::kCertificate,
                             "it is not a certificate that can be read",
                             "expected PEM, DER, PKCS#7 or PKCS#12");
  }
}

TEST_F(CertificateFileTest, FindsNoCertificateInAPrivateKey) {
  for (const std::string& contents :
       {test::Pkcs8Pem(leaf_.key), test::Pkcs8Der(leaf_.key),
        test::EncryptedPkcs8Pem(leaf_.key, kPassphrase), test::TraditionalPem(leaf_.key)}) {
    const auto opened = ReadCertificates(contents);
    ASSERT_FALSE(opened.has_value());
    EXPECT_EQ(opened.error().code, ErrorCode::kCertificate);
  }
}

TEST_F(CertificateFileTest, TruncatedItIsNeverAnotherCertificate) {
  const std::string der = test::CertificateDer(leaf_.certificate);
  for (const std::string& contents : {leaf_pem_, der}) {
    for (std::size_t size = 16; size < contents.size(); size += 16) {
      const auto opened = ReadCertificates(contents.substr(0, size));
      if (opened) {
        EXPECT_EQ(test::CertificateDer({opened->at(0).get(), [](X509*) {}}), der) << size;
      }
    }
  }
}

TEST_F(CertificateFileTest, ReadsEveryFormInItsOrder) {
  EXPECT_EQ(Subjects(ReadCertificates(leaf_pem_)), Names({"CN=leaf"}));
  EXPECT_EQ(Subjects(ReadCertificates(test::CertificateDer(leaf_.certificate))),
            Names({"CN=leaf"}));
  EXPECT_EQ(Subjects(ReadCertificates(leaf_pem_ + root_pem_)), Names({"CN=leaf", "CN=Root"}));
  EXPECT_EQ(Subjects(ReadCertificates(root_pem_ + "\n# next\n" + leaf_pem_)),
            Names({"CN=Root", "CN=leaf"}));
  EXPECT_EQ(Subjects(ReadCertificates(WithCrLf(leaf_pem_))), Names({"CN=leaf"}));
  EXPECT_EQ(Subjects(ReadCertificates(test::Pkcs12(leaf_, {root_.certificate}, {}))),
            Names({"CN=leaf", "CN=Root"}));
  EXPECT_EQ(Subjects(ReadCertificates(test::Pkcs12(leaf_, {root_.certificate}, kPassphrase),
                                      kPassphrase)),
            Names({"CN=leaf", "CN=Root"}));
}

TEST_F(CertificateFileTest, Pkcs12NeedsItsPassphrase) {
  const std::string pkcs12 = test::Pkcs12(leaf_, {}, kPassphrase);
  ExpectCertificateFailure(ReadCertificates(pkcs12), ErrorCode::kPinRequired,
                           "the file needs a passphrase and none was given", "",
                           Remedy::kGiveSecret);
  ExpectCertificateFailure(ReadCertificates(pkcs12, "wrong"), ErrorCode::kPinIncorrect,
                           "it cannot be decrypted with the passphrase given", kTryElsewhere);
}

TEST_F(CertificateFileTest, ReadsTheCertificateBesideAKeyWithoutItsPassphrase) {
  for (const std::string& key :
       {test::Pkcs8Pem(leaf_.key), test::EncryptedPkcs8Pem(leaf_.key, kPassphrase),
        test::EncryptedTraditionalPem(leaf_.key, kPassphrase)}) {
    EXPECT_EQ(Subjects(ReadCertificates(leaf_pem_ + key)), Names({"CN=leaf"}));
    EXPECT_EQ(Subjects(ReadCertificates(key + leaf_pem_)), Names({"CN=leaf"}));
  }
}

TEST_F(CertificateFileTest, ReadsTheCertificateBesideAKeyWithItsPassphrase) {
  for (const std::string& key : {test::EncryptedPkcs8Pem(leaf_.key, kPassphrase),
                                 test::EncryptedTraditionalPem(leaf_.key, kPassphrase)}) {
    EXPECT_EQ(Subjects(ReadCertificates(key + leaf_pem_, kPassphrase)), Names({"CN=leaf"}));
  }
}

}  // namespace
}  // namespace credmint
