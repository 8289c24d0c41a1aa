// SPDX-License-Identifier: Apache-2.0
#include "ossl/read_store.h"

#include <gtest/gtest.h>
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/core_object.h>

#include <array>
#include <map>
#include <string>
#include <vector>

#include "support/temp_dir.h"
#include "support/test_pki.h"

namespace credmint {
namespace {

using test::NewKey;

// A provider with a store that tests control.

/// The behaviour of the next load from the store "test:", and a record of it.
struct FakeStore {
  // Behaviour.
  std::vector<std::string> certificates;            ///< the objects to return, in DER
  std::string question;                             ///< the subject of a passphrase request, if any
  std::vector<std::pair<int, std::string>> errors;  ///< reasons and texts to raise instead
  // Record.
  std::string uri;
  std::map<std::string, std::string> parameters;  ///< text and octet strings
  std::string answer;
  bool answered = false;
  bool loaded = false;
};

FakeStore* fake = nullptr;
OSSL_FUNC_core_new_error_fn* new_error = nullptr;
OSSL_FUNC_core_vset_error_fn* vset_error = nullptr;
const OSSL_CORE_HANDLE* core = nullptr;

[[gnu::format(printf, 2, 3)]] void Raise(int reason, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  new_error(core);
  vset_error(core, static_cast<std::uint32_t>(reason), format, arguments);
  va_end(arguments);
}

extern "C" {
static void* FakeOpen(void* /*provider*/, const char* uri) {
  fake->uri = uri;
  return fake;
}

static int FakeSetParams(void* /*loader*/, const OSSL_PARAM params[]) {
  for (; params->key != nullptr; ++params) {
    if (params->data_type == OSSL_PARAM_UTF8_STRING ||
        params->data_type == OSSL_PARAM_OCTET_STRING) {
      fake->parameters[params->key].assign(static_cast<const char*>(params->data),
                                           params->data_size);
    }
  }
  return 1;
}

static const OSSL_PARAM* FakeSettable(void* /*provider*/) {
  static const OSSL_PARAM kSettable[] = {OSSL_PARAM_utf8_string("a-parameter", nullptr, 0),
                                         OSSL_PARAM_octet_string("a-secret", nullptr, 0),
                                         OSSL_PARAM_octet_string("no-secret", nullptr, 0),
                                         OSSL_PARAM_END};
  return kSettable;
}

static int FakeLoad(void* /*loader*/, OSSL_CALLBACK* object, void* object_argument,
                    OSSL_PASSPHRASE_CALLBACK* ask, void* ask_argument) {
  fake->loaded = true;
  if (!fake->question.empty()) {
    std::array<char, 64> answer{};
    std::size_t size = 0;
    const OSSL_PARAM info[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PASSPHRASE_PARAM_INFO, fake->question.data(), 0),
        OSSL_PARAM_construct_end()};
    fake->answered = ask(answer.data(), answer.size(), &size, info, ask_argument) == 1;
    fake->answer.assign(answer.data(), size);
  }
  for (const auto& [reason, text] : std::exchange(fake->errors, {})) {
    Raise(reason, "%s", text.c_str());
  }
  if (fake->certificates.empty()) return 0;
  std::string der = fake->certificates.front();
  fake->certificates.erase(fake->certificates.begin());
  int type = OSSL_OBJECT_CERT;
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_int(OSSL_OBJECT_PARAM_TYPE, &type),
      OSSL_PARAM_construct_octet_string(OSSL_OBJECT_PARAM_DATA, der.data(), der.size()),
      OSSL_PARAM_construct_end()};
  return object(params, object_argument);
}

static int FakeEof(void* /*loader*/) { return fake->loaded && fake->certificates.empty() ? 1 : 0; }

static int FakeClose(void* /*loader*/) { return 1; }

/// OpenSSL attaches a provider's name to its errors only if there is a table of reasons.
static const OSSL_ITEM* FakeReasons(void* /*provider*/) {
  static const OSSL_ITEM kNone[] = {{0, nullptr}};
  return kNone;
}

static const OSSL_ALGORITHM* FakeQuery(void* /*provider*/, int operation, int* no_cache) {
  static const OSSL_DISPATCH kFunctions[] = {
      {OSSL_FUNC_STORE_OPEN, reinterpret_cast<void (*)()>(FakeOpen)},
      {OSSL_FUNC_STORE_SET_CTX_PARAMS, reinterpret_cast<void (*)()>(FakeSetParams)},
      {OSSL_FUNC_STORE_SETTABLE_CTX_PARAMS, reinterpret_cast<void (*)()>(FakeSettable)},
      {OSSL_FUNC_STORE_LOAD, reinterpret_cast<void (*)()>(FakeLoad)},
      {OSSL_FUNC_STORE_EOF, reinterpret_cast<void (*)()>(FakeEof)},
      {OSSL_FUNC_STORE_CLOSE, reinterpret_cast<void (*)()>(FakeClose)},
      {0, nullptr}};
  static const OSSL_ALGORITHM kAlgorithms[] = {
      {"test", "provider=credmint-test", kFunctions, nullptr},
      {nullptr, nullptr, nullptr, nullptr}};
  *no_cache = 0;
  return operation == OSSL_OP_STORE ? kAlgorithms : nullptr;
}

static int FakeInit(const OSSL_CORE_HANDLE* handle, const OSSL_DISPATCH* in,
                    const OSSL_DISPATCH** out, void** context) {
  static const OSSL_DISPATCH kFunctions[] = {
      {OSSL_FUNC_PROVIDER_QUERY_OPERATION, reinterpret_cast<void (*)()>(FakeQuery)},
      {OSSL_FUNC_PROVIDER_GET_REASON_STRINGS, reinterpret_cast<void (*)()>(FakeReasons)},
      {0, nullptr}};
  core = handle;
  for (; in->function_id != 0; ++in) {
    if (in->function_id == OSSL_FUNC_CORE_NEW_ERROR) new_error = OSSL_FUNC_core_new_error(in);
    if (in->function_id == OSSL_FUNC_CORE_VSET_ERROR) vset_error = OSSL_FUNC_core_vset_error(in);
  }
  *out = kFunctions;
  *context = fake;
  return 1;
}
}

std::string Der(const X509Ptr& certificate) {
  return test::CertificateDer(test::TestCertificate(certificate.get(), [](X509*) {}));
}

// A provider's store.

class OpenStoreTest : public testing::Test {
 protected:
  OpenStoreTest() { fake = &fake_; }
  ~OpenStoreTest() override { EXPECT_EQ(ERR_peek_error(), 0UL) << "the queue must be empty"; }

  static StoreOptions Certificates() {
    StoreOptions options;
    options.expect = StoreExpect::kCertificate;
    options.properties = "provider=credmint-test";
    return options;
  }

  FakeStore fake_;
  const std::array<BuiltinProvider, 1> builtin_ = {{{"credmint-test", FakeInit}}};
  LibraryContext context_ = LibraryContext::Create(builtin_).value();
};

TEST_F(OpenStoreTest, UnknownSchemeIsRefused) {
  const auto opened = OpenStore(context_, "credmint-no-such-scheme:x", {});
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code, ErrorCode::kMalformed);
}

TEST_F(OpenStoreTest, HandsTheProvidersOwnErrorOn) {
  fake_.errors = {{static_cast<int>(ErrorCode::kDevice), "the token is gone"},
                  {1000, "plug it in"}};
  const auto opened = OpenStore(context_, "test:x", Certificates());
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code, ErrorCode::kDevice);
  EXPECT_EQ(opened.error().message, "the token is gone");
  EXPECT_EQ(opened.error().hint, "plug it in");
}

TEST_F(OpenStoreTest, FailureToAnswerCountsMoreThanWhatTheProviderMakesOfIt) {
  fake_.question = "PIN for token 'prod'";
  fake_.errors = {{static_cast<int>(ErrorCode::kDevice), "login failed"}};
  StoreOptions options = Certificates();
  options.passphrase = [](const PassphraseRequest&) -> Result<Secret> {
    return Fail(ErrorCode::kPinRequired, "no PIN here", "give one");
  };
  const auto opened = OpenStore(context_, "test:x", options);
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code, ErrorCode::kPinRequired);
  EXPECT_EQ(opened.error().message, "no PIN here");
  EXPECT_EQ(opened.error().hint, "give one");
  EXPECT_FALSE(fake_.answered);
}

TEST_F(OpenStoreTest, ProvidersErrorStaysAfterAnAnswer) {
  fake_.question = "PIN for token 'prod'";
  fake_.errors = {{static_cast<int>(ErrorCode::kPinLocked), "locked"}};
  StoreOptions options = Certificates();
  options.passphrase = [](const PassphraseRequest&) { return Secret("1234"); };
  const auto opened = OpenStore(context_, "test:x", options);
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code, ErrorCode::kPinLocked);
  EXPECT_EQ(opened.error().message, "locked");
}

TEST_F(OpenStoreTest, WithoutAPassphraseFunctionThereIsNoAnswer) {
  fake_.question = "PIN for token 'prod'";
  fake_.errors = {{static_cast<int>(ErrorCode::kDevice), "login failed"}};
  const auto opened = OpenStore(context_, "test:x", Certificates());
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code, ErrorCode::kPinRequired);
  EXPECT_EQ(opened.error().message, "no passphrase was given");
}

TEST_F(OpenStoreTest, NothingOfTheExpectedKindIsNotFound) {
  fake_.certificates = {test::CertificateDer(test::Issue({}).certificate)};
  StoreOptions options = Certificates();
  options.expect = StoreExpect::kPrivateKey;
  const auto opened = OpenStore(context_, "test:x", options);
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code, ErrorCode::kKeyNotFound);
  EXPECT_EQ(opened.error().message, "it holds no private key");
}

TEST_F(OpenStoreTest, AsksTheQuestionOfTheProvider) {
  fake_.certificates = {test::CertificateDer(test::Issue({}).certificate)};
  fake_.question = "context-specific PIN for token 'prod'";
  StoreOptions options = Certificates();
  std::vector<PassphraseRequest> asked;
  options.passphrase = [&](const PassphraseRequest& request) {
    asked.push_back(request);
    return Secret("12 34");
  };
  ASSERT_TRUE(OpenStore(context_, "test:x", options).has_value());
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked[0].kind, PassphraseKind::kContextPin);
  EXPECT_EQ(asked[0].subject, "token 'prod'");
  EXPECT_EQ(fake_.answer, "12 34");
}

TEST_F(OpenStoreTest, PassesUriParametersAndSecretsOn) {
  fake_.certificates = {test::CertificateDer(test::Issue({}).certificate)};
  StoreOptions options = Certificates();
  options.parameters = {{"a-parameter", "/usr/lib/module.so"}};
  options.secrets.emplace_back("a-secret", Secret(std::string_view("12\0"
                                                                   "34",
                                                                   5)));
  options.secrets.emplace_back("no-secret", Secret());
  ASSERT_TRUE(OpenStore(context_, "test:token=a;b?c", options).has_value());
  EXPECT_EQ(fake_.uri, "test:token=a;b?c");
  EXPECT_EQ(fake_.parameters.at("a-parameter"), "/usr/lib/module.so");
  EXPECT_EQ(fake_.parameters.at("a-secret"), std::string("12\0"
                                                         "34",
                                                         5));
  EXPECT_EQ(fake_.parameters.at("no-secret"), "");
}

TEST_F(OpenStoreTest, ReturnsAllObjectsInTheirOrder) {
  const test::Party first = test::Issue(test::CaSpec("first"));
  const test::Party second = test::Issue(test::CaSpec("second"));
  fake_.certificates = {test::CertificateDer(second.certificate),
                        test::CertificateDer(first.certificate)};
  const auto opened = OpenStore(context_, "test:x", Certificates());
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  ASSERT_EQ(opened->certificates.size(), 2U);
  EXPECT_EQ(Der(opened->certificates[0]), test::CertificateDer(second.certificate));
  EXPECT_EQ(Der(opened->certificates[1]), test::CertificateDer(first.certificate));
  EXPECT_TRUE(opened->keys.empty());
}

TEST_F(OpenStoreTest, PropertiesKeepAFileOfThatNameOut) {
  const test::TempDir directory;
  directory.Write("test:x", test::CertificatePem(test::Issue(test::CaSpec("shadow")).certificate));
  const test::WorkingDirectory here(directory.path());
  const test::Party real = test::Issue(test::CaSpec("real"));
  fake_.certificates = {test::CertificateDer(real.certificate)};
  const auto opened = OpenStore(context_, "test:x", Certificates());
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  ASSERT_EQ(opened->certificates.size(), 1U);
  EXPECT_EQ(Der(opened->certificates[0]), test::CertificateDer(real.certificate));
}

// Contents in memory, read by OpenSSL's own loader.

class ReadStoreTest : public testing::Test {
 protected:
  ~ReadStoreTest() override { EXPECT_EQ(ERR_peek_error(), 0UL) << "the queue must be empty"; }

  Result<StoreContents> Read(const std::string& contents, StoreExpect expect,
                             const char* passphrase = nullptr) {
    StoreOptions options;
    options.expect = expect;
    options.passphrase = [this, passphrase](const PassphraseRequest& request) -> Result<Secret> {
      asked_.push_back(request);
      if (passphrase == nullptr) return Fail(ErrorCode::kPinRequired, "nothing to give");
      return Secret(passphrase);
    };
    return ReadStore(context_, Secret(contents), "file", options);
  }
  Result<StoreContents> ReadKey(const std::string& contents, const char* passphrase = nullptr) {
    return Read(contents, StoreExpect::kPrivateKey, passphrase);
  }

  LibraryContext context_ = LibraryContext::Create({}).value();
  std::vector<PassphraseRequest> asked_;
};

TEST_F(ReadStoreTest, NothingAtAllIsMalformed) {
  const auto read = ReadKey("");
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().code, ErrorCode::kMalformed);
}

TEST_F(ReadStoreTest, WhatCannotBeDecodedIsMalformed) {
  for (const std::string& contents :
       {std::string("no key\n"), std::string(100, '\0'), std::string("\x30\x03\x02\x01", 4),
        std::string("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")}) {
    const auto read = ReadKey(contents);
    ASSERT_FALSE(read.has_value());
    EXPECT_EQ(read.error().code, ErrorCode::kMalformed);
  }
}

TEST_F(ReadStoreTest, UnknownLoaderIsMalformed) {
  const auto read = ReadStore(context_, Secret("x"), "credmint-no-such-scheme", {});
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().code, ErrorCode::kMalformed);
}

TEST_F(ReadStoreTest, FindsNoPrivateKeyInACertificate) {
  const auto read = ReadKey(test::CertificatePem(test::Issue({}).certificate));
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().code, ErrorCode::kKeyNotFound);
  EXPECT_EQ(read.error().message, "it holds no private key");
}

TEST_F(ReadStoreTest, AsksOnceForAMissingPassphrase) {
  const auto read = ReadKey(test::EncryptedPkcs8Pem(NewKey(), "right"));
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().code, ErrorCode::kPinRequired);
  EXPECT_EQ(read.error().message, "nothing to give");
  EXPECT_EQ(asked_.size(), 1U);
}

TEST_F(ReadStoreTest, AsksOnceForAPassphraseThatIsWrong) {
  const auto read = ReadKey(test::EncryptedPkcs8Pem(NewKey(), "right"), "wrong");
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().code, ErrorCode::kPinIncorrect);
  EXPECT_EQ(read.error().message, "it cannot be decrypted with the passphrase given");
  EXPECT_EQ(asked_.size(), 1U);
}

TEST_F(ReadStoreTest, AsksOnceForAPassphraseThatIsRight) {
  const test::TestKey key = NewKey();
  const auto read = ReadKey(test::EncryptedPkcs8Pem(key, "right"), "right");
  ASSERT_TRUE(read.has_value()) << read.error().message;
  ASSERT_EQ(read->keys.size(), 1U);
  EXPECT_EQ(EVP_PKEY_eq(read->keys[0].get(), key.get()), 1);
  ASSERT_EQ(asked_.size(), 1U);
  EXPECT_EQ(asked_[0].kind, PassphraseKind::kFile);
}

TEST_F(ReadStoreTest, DoesNotAskForWhatIsNotEncrypted) {
  EXPECT_TRUE(ReadKey(test::Pkcs8Pem(NewKey()), "unused").has_value());
  EXPECT_TRUE(asked_.empty());
}

TEST_F(ReadStoreTest, ReturnsAllKeysInTheirOrder) {
  const test::TestKey first = NewKey("P-256");
  const test::TestKey second = NewKey("P-384");
  const auto read = ReadKey(test::Pkcs8Pem(first) + test::Pkcs8Pem(second));
  ASSERT_TRUE(read.has_value()) << read.error().message;
  ASSERT_EQ(read->keys.size(), 2U);
  EXPECT_EQ(EVP_PKEY_eq(read->keys[0].get(), first.get()), 1);
  EXPECT_EQ(EVP_PKEY_eq(read->keys[1].get(), second.get()), 1);
}

TEST_F(ReadStoreTest, ReturnsOnlyWhatIsExpected) {
  const test::Party party = test::Issue({});
  const auto read = Read(test::Pkcs8Pem(party.key) + test::CertificatePem(party.certificate),
                         StoreExpect::kCertificate);
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_TRUE(read->keys.empty());
  ASSERT_EQ(read->certificates.size(), 1U);
  EXPECT_EQ(Der(read->certificates[0]), test::CertificateDer(party.certificate));
}

TEST_F(ReadStoreTest, ToleratesWhatFollowsTheObject) {
  const auto read =
      ReadKey(test::Pkcs8Pem(NewKey()) + "-----BEGIN X-----\nAAAA\n-----END X-----\n");
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(read->keys.size(), 1U);
}

}  // namespace
}  // namespace credmint
