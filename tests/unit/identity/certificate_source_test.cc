// SPDX-License-Identifier: Apache-2.0
#include "identity/certificate_source.h"

#include <gtest/gtest.h>
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/core_object.h>

#include <array>
#include <string>
#include <vector>

#include "support/temp_dir.h"
#include "support/test_pki.h"
#include "unit/identity/certificates.h"

namespace credmint {
namespace {

using namespace std::chrono_literals;
using test::CaSpec;
using test::CertificateSpec;
using test::kNow;
using test::Named;
using test::Party;
using test::Until;

// A provider whose store of certificates is not a file, like a token.

/// The certificates in the store "token:", in DER, and the number of them that were returned.
std::vector<std::string> token_certificates;
std::size_t token_position = 0;

extern "C" {
static void* OpenToken(void* /*provider*/, const char* /*uri*/) {
  token_position = 0;
  return &token_position;
}

static int SetTokenParams(void* /*loader*/, const OSSL_PARAM* /*params*/) { return 1; }

static int LoadFromToken(void* /*loader*/, OSSL_CALLBACK* object, void* object_argument,
                         OSSL_PASSPHRASE_CALLBACK* /*ask*/, void* /*ask_argument*/) {
  std::string& der = token_certificates.at(token_position++);
  int type = OSSL_OBJECT_CERT;
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_int(OSSL_OBJECT_PARAM_TYPE, &type),
      OSSL_PARAM_construct_octet_string(OSSL_OBJECT_PARAM_DATA, der.data(), der.size()),
      OSSL_PARAM_construct_end()};
  return object(params, object_argument);
}

static int IsTokenAtEnd(void* /*loader*/) {
  return token_position == token_certificates.size() ? 1 : 0;
}

static int CloseToken(void* /*loader*/) { return 1; }

static const OSSL_ALGORITHM* QueryToken(void* /*provider*/, int operation, int* no_cache) {
  static const OSSL_DISPATCH kFunctions[] = {
      {OSSL_FUNC_STORE_OPEN, reinterpret_cast<void (*)()>(OpenToken)},
      {OSSL_FUNC_STORE_SET_CTX_PARAMS, reinterpret_cast<void (*)()>(SetTokenParams)},
      {OSSL_FUNC_STORE_LOAD, reinterpret_cast<void (*)()>(LoadFromToken)},
      {OSSL_FUNC_STORE_EOF, reinterpret_cast<void (*)()>(IsTokenAtEnd)},
      {OSSL_FUNC_STORE_CLOSE, reinterpret_cast<void (*)()>(CloseToken)},
      {0, nullptr}};
  static const OSSL_ALGORITHM kAlgorithms[] = {
      {"token", "provider=test-token", kFunctions, nullptr}, {nullptr, nullptr, nullptr, nullptr}};
  *no_cache = 0;
  return operation == OSSL_OP_STORE ? kAlgorithms : nullptr;
}

static int StartToken(const OSSL_CORE_HANDLE* /*handle*/, const OSSL_DISPATCH* /*in*/,
                      const OSSL_DISPATCH** out, void** context) {
  static const OSSL_DISPATCH kFunctions[] = {
      {OSSL_FUNC_PROVIDER_QUERY_OPERATION, reinterpret_cast<void (*)()>(QueryToken)}, {0, nullptr}};
  *out = kFunctions;
  *context = &token_position;
  return 1;
}
}

class CertificateSourceTest : public testing::Test {
 protected:
  CertificateSourceTest() { token_certificates.clear(); }
  ~CertificateSourceTest() override { EXPECT_EQ(ERR_peek_error(), 0UL); }

  Result<CertificateChain> Load(const CertificateOptions& options, const test::TestKey& key) {
    KeyOpener opener(context_, {}, {});
    return CertificateSource(opener, options)
        .Load(SigningKey(context_, PkeyPtr(test::NewReference(key))), kNow);
  }

  /// The names in the chain, leaf first, or the error's message.
  std::vector<std::string> Names(const CertificateOptions& options, const test::TestKey& key) {
    const auto chain = Load(options, key);
    if (!chain) return {chain.error().message};
    std::vector<std::string> names = {chain->leaf.Subject() + " " + chain->leaf.SerialDecimal()};
    for (const Certificate& issuer : chain->issuers) names.push_back(issuer.Subject());
    return names;
  }

  void ExpectFailure(const CertificateOptions& options, ErrorCode code,
                     const std::string& message) {
    const auto chain = Load(options, leaf_.key);
    ASSERT_FALSE(chain.has_value());
    EXPECT_EQ(chain.error().code, code);
    EXPECT_EQ(chain.error().message, message);
  }

  static KeyReference Reference(const std::string& text) {
    return KeyReference::Parse(text, KeyReference::Use::kCertificate).value();
  }

  [[nodiscard]] CertificateOptions File(const std::vector<Party>& parties) const {
    std::string pem;
    for (const Party& party : parties) pem += test::CertificatePem(party.certificate);
    CertificateOptions options;
    options.certificate = Reference(directory_.Write("certificate", pem));
    return options;
  }

  static CertificateOptions Token(const std::vector<Party>& parties) {
    for (const Party& party : parties) {
      token_certificates.push_back(test::CertificateDer(party.certificate));
    }
    CertificateOptions options;
    options.certificate = Reference("token:");
    return options;
  }

  [[nodiscard]] KeyReference Bundle(const std::vector<Party>& parties) const {
    std::string pem;
    for (const Party& party : parties) pem += test::CertificatePem(party.certificate);
    return Reference(directory_.Write("bundle", pem));
  }

  static CertificateSelector Select(const std::string& text) {
    return CertificateSelector::Parse(text).value();
  }

  const test::TempDir directory_;
  const std::array<BuiltinProvider, 1> builtin_ = {{{"test-token", StartToken}}};
  LibraryContext context_ = LibraryContext::Create(builtin_).value();
  const Party root_ = test::Issue(CaSpec("Root"));
  const Party intermediate_ = test::Issue(CaSpec("Intermediate"), &root_);
  const Party leaf_ = test::Issue(Named("leaf"), &intermediate_);
  const Party other_ = test::Issue(Named("other", "0a1b"), &intermediate_);
};

using NameList = std::vector<std::string>;

TEST_F(CertificateSourceTest, NeedsAReference) {
  ExpectFailure({}, ErrorCode::kUsage, "no certificate is named");
}

TEST_F(CertificateSourceTest, NamesAFileThatIsMissing) {
  const std::string path = directory_.File("missing");
  CertificateOptions options;
  options.certificate = Reference(path);
  ExpectFailure(
      options, ErrorCode::kLocalIo,
      "opening certificate " + path + ": cannot read " + path + ": No such file or directory");
}

TEST_F(CertificateSourceTest, NamesABundleThatIsMissing) {
  CertificateOptions options = File({leaf_});
  const std::string path = directory_.File("missing");
  options.intermediates = Reference(path);
  ExpectFailure(options, ErrorCode::kLocalIo,
                "the intermediates: opening certificate " + path + ": cannot read " + path +
                    ": No such file or directory");
}

TEST_F(CertificateSourceTest, SelectorMayLeaveNothing) {
  CertificateOptions options = File({leaf_});
  options.selector = Select("Key=x509Subject,Value=CN=nobody");
  ExpectFailure(options, ErrorCode::kCertificate,
                "no certificate matches the selector; there is CN=leaf (serial 01)");
}

// Certificates in files.

TEST_F(CertificateSourceTest, LeafOfAFileIsTheCertificateOfTheKey) {
  EXPECT_EQ(Names(File({leaf_}), leaf_.key), NameList({"CN=leaf 1"}));
  EXPECT_EQ(Names(File({root_, other_, leaf_}), leaf_.key), NameList({"CN=leaf 1"}));
  EXPECT_EQ(Names(File({leaf_, other_}), other_.key), NameList({"CN=other 2587"}));
}

TEST_F(CertificateSourceTest, LeafOfAFileIsTheFirstOneIfNoneHasTheKey) {
  EXPECT_EQ(Names(File({other_, leaf_}), test::NewKey()), NameList({"CN=other 2587"}));
}

TEST_F(CertificateSourceTest, FindsIssuersInTheSameFile) {
  EXPECT_EQ(Names(File({root_, intermediate_, other_, leaf_}), leaf_.key),
            NameList({"CN=leaf 1", "CN=Intermediate"}));
}

TEST_F(CertificateSourceTest, FindsIssuersInABundle) {
  CertificateOptions options = File({leaf_});
  options.intermediates = Bundle({root_, intermediate_, other_});
  EXPECT_EQ(Names(options, leaf_.key), NameList({"CN=leaf 1", "CN=Intermediate"}));
}

TEST_F(CertificateSourceTest, FindsIssuersInBoth) {
  const Party lower = test::Issue(CaSpec("Lower"), &intermediate_);
  const Party leaf = test::Issue(Named("deep"), &lower);
  CertificateOptions options = File({leaf, lower});
  options.intermediates = Bundle({intermediate_});
  EXPECT_EQ(Names(options, leaf.key), NameList({"CN=deep 1", "CN=Lower", "CN=Intermediate"}));
}

TEST_F(CertificateSourceTest, SelectorChoosesTheLeafOfAFile) {
  CertificateOptions options = File({leaf_, other_});
  options.selector = Select("Key=x509Serial,Value=0A1B");
  EXPECT_EQ(Names(options, leaf_.key), NameList({"CN=other 2587"}));
}

TEST_F(CertificateSourceTest, ReadsTheSelectorsFileAgainForEveryLoad) {
  const std::string path =
      directory_.Write("selector", R"([{"Key": "x509Serial", "Value": "01"}])");
  CertificateOptions options = File({leaf_, other_});
  options.selector = Select("file://" + path);
  EXPECT_EQ(Names(options, leaf_.key), NameList({"CN=leaf 1"}));
  directory_.Write("selector", R"([{"Key": "x509Serial", "Value": "0A1B"}])");
  EXPECT_EQ(Names(options, leaf_.key), NameList({"CN=other 2587"}));
  EXPECT_EQ(*options.selector, Select("file://" + path)) << "the file counts, not its contents";
  directory_.Write("selector", "none");
  ExpectFailure(options, ErrorCode::kUsage, "the selector: it is not a JSON array");
}

TEST_F(CertificateSourceTest, SelectorDoesNotTakeTheIssuersAway) {
  CertificateOptions options = File({leaf_, intermediate_});
  options.selector = Select("Key=x509Subject,Value=CN=leaf");
  EXPECT_EQ(Names(options, leaf_.key), NameList({"CN=leaf 1", "CN=Intermediate"}));
}

TEST_F(CertificateSourceTest, LatestExpiringOfTheKeysCertificatesNotOfItsIssuers) {
  const Party renewed =
      test::Issue(Until(Named("leaf", "2"), "20270301000000Z"), &intermediate_, leaf_.key);
  const Party ca =
      test::Issue(Until(CaSpec("Intermediate"), "20360101000000Z"), &root_, intermediate_.key);
  CertificateOptions options = File({leaf_, renewed, ca});
  options.latest_expiring = true;
  EXPECT_EQ(Names(options, leaf_.key), NameList({"CN=leaf 2", "CN=Intermediate"}));
}

TEST_F(CertificateSourceTest, ReadsTheFileAgainForEveryLoad) {
  const CertificateOptions options = File({leaf_});
  KeyOpener opener(context_, {}, {});
  CertificateSource source(opener, options);
  const SigningKey key(context_, PkeyPtr(test::NewReference(leaf_.key)));
  EXPECT_EQ(source.Load(key, kNow)->leaf.SerialDecimal(), "1");
  static_cast<void>(File({test::Issue(Named("leaf", "2"), &intermediate_, leaf_.key)}));
  EXPECT_EQ(source.Load(key, kNow)->leaf.SerialDecimal(), "2");
}

// Tokens, which may have several certificates.

TEST_F(CertificateSourceTest, DoesNotChooseAmongCertificatesOfOtherKeys) {
  const CertificateOptions options = Token({other_, intermediate_});
  const auto chain = Load(options, leaf_.key);
  ASSERT_FALSE(chain.has_value());
  EXPECT_EQ(chain.error().code, ErrorCode::kKeyAmbiguous);
  EXPECT_EQ(chain.error().message,
            "2 certificates match: CN=Intermediate (serial 1000), CN=other (serial 0A1B)");
  EXPECT_EQ(chain.error().remedy, Remedy::kChooseCertificate);
}

TEST_F(CertificateSourceTest, DoesNotChooseAmongCertificatesOfTheSameKey) {
  const Party renewed = test::Issue(Named("leaf", "2"), &intermediate_, leaf_.key);
  ExpectFailure(Token({leaf_, renewed}), ErrorCode::kKeyAmbiguous,
                "2 certificates match: CN=leaf (serial 01), CN=leaf (serial 02)");
}

TEST_F(CertificateSourceTest, ListsEightCandidatesAtMost) {
  std::vector<Party> nine;
  for (int i = 1; i <= 9; ++i) {
    nine.push_back(test::Issue(Named("n", std::to_string(i)), &intermediate_, other_.key));
  }
  ExpectFailure(Token(nine), ErrorCode::kKeyAmbiguous,
                "9 certificates match: CN=n (serial 01), CN=n (serial 02), CN=n (serial 03), "
                "CN=n (serial 04), CN=n (serial 05), CN=n (serial 06), CN=n (serial 07), "
                "CN=n (serial 08), ...");
}

TEST_F(CertificateSourceTest, CountsACertificateThatIsThereTwiceAsOne) {
  EXPECT_EQ(Names(Token({leaf_, intermediate_, leaf_}), leaf_.key),
            NameList({"CN=leaf 1", "CN=Intermediate"}));
}

TEST_F(CertificateSourceTest, TakesTheOnlyCertificateOfATokenAndItsIssuersFromABundle) {
  CertificateOptions options = Token({other_});
  options.intermediates = Bundle({intermediate_});
  EXPECT_EQ(Names(options, leaf_.key), NameList({"CN=other 2587", "CN=Intermediate"}));
}

TEST_F(CertificateSourceTest, TakesTheOneOfTheKeyAmongSeveral) {
  EXPECT_EQ(Names(Token({other_, intermediate_, leaf_}), leaf_.key),
            NameList({"CN=leaf 1", "CN=Intermediate"}));
}

TEST_F(CertificateSourceTest, TakesTheLatestExpiringOfSeveral) {
  const Party renewed =
      test::Issue(Until(Named("leaf", "2"), "20270301000000Z"), &intermediate_, leaf_.key);
  CertificateOptions options = Token({leaf_, renewed, other_});
  options.latest_expiring = true;
  EXPECT_EQ(Names(options, leaf_.key), NameList({"CN=leaf 2"}));
}

TEST_F(CertificateSourceTest, SelectorComesBeforeTheLatestExpiring) {
  const Party latest = test::Issue(Until(Named("x"), "20300101000000Z"), &intermediate_);
  CertificateOptions options = Token({leaf_, latest});
  options.latest_expiring = true;
  options.selector = Select("Key=x509Subject,Value=CN=leaf");
  EXPECT_EQ(Names(options, leaf_.key), NameList({"CN=leaf 1"}));
}

// Messages.

TEST_F(CertificateSourceTest, FindReturnsWhatTheSelectorLeaves) {
  CertificateOptions options = File({leaf_, intermediate_, root_});
  KeyOpener opener(context_, {}, {});
  EXPECT_EQ(CertificateSource(opener, options).Find()->certificates.size(), 3U);
  options.selector = Select("Key=x509Issuer,Value=CN=Root");
  const auto found = CertificateSource(opener, options).Find();
  ASSERT_TRUE(found.has_value());
  const auto* selected = &found->certificates;
  ASSERT_EQ(selected->size(), 2U);
  EXPECT_EQ(selected->at(0).Subject(), "CN=Intermediate");
  EXPECT_EQ(selected->at(1).Subject(), "CN=Root");
}

}  // namespace
}  // namespace credmint
