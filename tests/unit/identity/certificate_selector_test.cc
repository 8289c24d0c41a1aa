// SPDX-License-Identifier: Apache-2.0
#include "identity/certificate_selector.h"

#include <gtest/gtest.h>

#include <ostream>
#include <string>

#include "support/temp_dir.h"
#include "support/test_pki.h"

namespace credmint {
namespace {

using test::NewReference;

/// A certificate for CN=web 1,O=Example\, Inc.,OU=Lab with serial 0x0a1b, from CN=CA,O=Example.
Certificate Web() {
  test::CertificateSpec ca = test::CaSpec("CA");
  ca.subject = {{"O", "Example"}, {"CN", "CA"}};
  const test::Party issuer = test::Issue(ca);
  test::CertificateSpec spec;
  spec.subject = {{"OU", "Lab"}, {"O", "Example, Inc."}, {"CN", "web 1"}};
  spec.serial = "0a1b";
  return Certificate(X509Ptr(NewReference(test::Issue(spec, &issuer).certificate)));
}

class CertificateSelectorTest : public testing::Test {
 protected:
  static void ExpectRefused(const std::string& text, const std::string& message) {
    const auto selector = CertificateSelector::Parse(text);
    ASSERT_FALSE(selector.has_value()) << text;
    EXPECT_EQ(selector.error().code, ErrorCode::kUsage) << text;
    EXPECT_EQ(selector.error().message, message) << text;
    EXPECT_EQ(selector.error().hint,
              "the form is 'Key=x509Subject,Value=CN=Example Key=x509Serial,Value=0A1B'");
  }
};

TEST_F(CertificateSelectorTest, RefusesWhatIsNoSelector) {
  for (const char* text : {"", " ", "CN=web", "key=x509Subject,Value=CN=web", "x Key=x509Subject",
                           "{\"Key\": \"x509Subject\"}"}) {
    ExpectRefused(text, "it does not start with 'Key='");
  }
}

TEST_F(CertificateSelectorTest, RefusesAKeyWithoutValue) {
  ExpectRefused("Key=x509Subject", "a 'Key=' has no ',Value='");
  ExpectRefused("Key=x509Subject,value=CN=web", "a 'Key=' has no ',Value='");
  ExpectRefused("Key=x509Subject Key=x509Serial,Value=01", "a 'Key=' has no ',Value='");
}

TEST_F(CertificateSelectorTest, RefusesAnUnknownKey) {
  ExpectRefused("Key=x509subject,Value=CN=web", "the key 'x509subject' is unknown");
  ExpectRefused("Key=,Value=CN=web", "the key '' is unknown");
  ExpectRefused("Key=x509Serial,Value=01 Key=x509SAN,Value=a", "the key 'x509SAN' is unknown");
  ExpectRefused(R"([{"Key": "Subject", "Value": "CN=web"}])", "the key 'Subject' is unknown");
}

TEST_F(CertificateSelectorTest, RefusesARepeatedKey) {
  ExpectRefused("Key=x509Serial,Value=01 Key=x509Serial,Value=02",
                "the key 'x509Serial' is given twice");
  ExpectRefused(
      R"([{"Key": "x509Issuer", "Value": "CN=a"}, {"Key": "x509Issuer", "Value": "CN=a"}])",
      "the key 'x509Issuer' is given twice");
}

TEST_F(CertificateSelectorTest, RefusesASerialThatIsNoHexadecimalNumber) {
  for (const char* serial : {"", " ", ":", "0x", "web", "0A1G", "-1", "0A1B;", "0x0x1", "CN=1"}) {
    ExpectRefused(std::string("Key=x509Serial,Value=") + serial,
                  "the x509Serial is not a hexadecimal number");
  }
}

TEST_F(CertificateSelectorTest, RefusesMalformedJson) {
  for (const char* text : {"[", "[}", R"([{"Key": "x509Subject", "Value": "CN=web"})",
                           R"([{"Key": "x509Subject", "Value": "CN=web"}] x)"}) {
    ExpectRefused(text, "it is not a JSON array");
  }
}

TEST_F(CertificateSelectorTest, RefusesJsonOfAnotherForm) {
  for (const char* text :
       {R"([1])", R"([[]])", R"([{}])", R"([{"Key": "x509Subject"}])", R"([{"Value": "CN=web"}])",
        R"([{"Key": 1, "Value": "CN=web"}])", R"([{"Key": "x509Serial", "Value": 1}])",
        R"([{"key": "x509Subject", "value": "CN=web"}])"}) {
    ExpectRefused(text, "an entry of the JSON array is not {\"Key\": ..., \"Value\": ...}");
  }
}

TEST_F(CertificateSelectorTest, NamesAFileThatIsMissing) {
  const test::TempDir directory;
  const std::string path = directory.File("selector.json");
  const auto selector = CertificateSelector::Parse("file://" + path);
  ASSERT_FALSE(selector.has_value());
  EXPECT_EQ(selector.error().code, ErrorCode::kLocalIo);
  EXPECT_EQ(selector.error().message, "cannot read " + path + ": No such file or directory");
}

TEST_F(CertificateSelectorTest, RefusesAFileThatIsNotJson) {
  const test::TempDir directory;
  ExpectRefused("file://" + directory.Write("selector", "Key=x509Serial,Value=01"),
                "it is not a JSON array");
  ExpectRefused("file://" + directory.Write("selector", R"({"Key": "x509Serial"})"),
                "it is not a JSON array");
}

TEST_F(CertificateSelectorTest, ReadsAFile) {
  const test::TempDir directory;
  const auto selector = CertificateSelector::Parse(
      "file://" + directory.Write("selector.json",
                                  "\n [\n{\"Key\": \"x509Serial\", \"Value\": \"0a1b\"}\n]\n"));
  ASSERT_TRUE(selector.has_value()) << selector.error().message;
  EXPECT_TRUE(selector->Matches(Web()));
}

TEST_F(CertificateSelectorTest, WithoutPartsItMatchesEverything) {
  EXPECT_TRUE(CertificateSelector().Matches(Web()));
  EXPECT_TRUE(CertificateSelector::Parse("[]")->Matches(Web()));
}

struct MatchCase {
  const char* selector;
  bool matches;
};

void PrintTo(const MatchCase& test_case, std::ostream* out) { *out << test_case.selector; }

class SelectorMatchTest : public testing::TestWithParam<MatchCase> {};

TEST_P(SelectorMatchTest, DecidesOnTheCertificate) {
  const auto selector = CertificateSelector::Parse(GetParam().selector);
  ASSERT_TRUE(selector.has_value()) << selector.error().message;
  EXPECT_EQ(selector->Matches(Web()), GetParam().matches) << GetParam().selector;
}

INSTANTIATE_TEST_SUITE_P(
    Names, SelectorMatchTest,
    testing::Values(
        MatchCase{R"(Key=x509Subject,Value=CN=web 1,O=Example\, Inc.,OU=Lab)", true},
        MatchCase{R"(Key=x509Subject,Value=CN = web 1 , O =Example\, Inc. ,OU=  Lab )", true},
        MatchCase{R"(Key=x509Subject,Value= CN=web 1, O=Example\, Inc., OU=Lab)", true},
        MatchCase{R"(Key=x509Subject,Value=CN=web 1;O=Example\, Inc.;OU=Lab)", true},
        MatchCase{R"([{"Value": "CN=web 1, O=Example\\, Inc., OU=Lab", "Key": "x509Subject"}])",
                  true},
        MatchCase{R"(Key=x509Subject,Value=CN=web1,O=Example\, Inc.,OU=Lab)", false},
        MatchCase{R"(Key=x509Subject,Value=CN=web  1,O=Example\, Inc.,OU=Lab)", false},
        MatchCase{R"(Key=x509Subject,Value=OU=Lab,O=Example\, Inc.,CN=web 1)", true},
        MatchCase{R"(Key=x509Subject,Value=O=Example\, Inc.,OU=Lab,CN=web 1)", false},
        MatchCase{R"(Key=x509Subject,Value=/OU=Lab/O=Example, Inc./CN=web 1)", true},
        MatchCase{"Key=x509Subject,Value=cn=web 1,o=#0c0d4578616d706c652c20496e632e,2.5.4.11=Lab",
                  true},
        MatchCase{"Key=x509Subject,Value=CN=web 1,O=\"Example, Inc.\",OU=Lab", true},
        MatchCase{"Key=x509Subject,Value=CN=web 1,O=Example, Inc.,OU=Lab", true},
        MatchCase{R"(Key=x509Subject,Value=CN=WEB 1,O=Example\, Inc.,OU=Lab)", false},
        MatchCase{"Key=x509Subject,Value=CN=web 1", false},
        MatchCase{"Key=x509Subject,Value=", false},
        MatchCase{"Key=x509Subject,Value=CN=CA,O=Example", false},
        MatchCase{"Key=x509Issuer,Value=CN=CA,O=Example", true},
        MatchCase{" Key=x509Issuer,Value=CN=CA, O=Example", true},
        MatchCase{"Key=x509Issuer,Value=CN=CA", false}));

INSTANTIATE_TEST_SUITE_P(Serials, SelectorMatchTest,
                         testing::Values(MatchCase{"Key=x509Serial,Value=0A1B", true},
                                         MatchCase{"Key=x509Serial,Value=a1b", true},
                                         MatchCase{"Key=x509Serial,Value=0000a1B", true},
                                         MatchCase{"Key=x509Serial,Value=0a:1b", true},
                                         MatchCase{"Key=x509Serial,Value=0A 1B", true},
                                         MatchCase{"Key=x509Serial,Value=0xa1b", true},
                                         MatchCase{"Key=x509Serial,Value= 0X0A1B ", true},
                                         MatchCase{R"([{"Key": "x509Serial", "Value": "A:1B"}])",
                                                   true},
                                         MatchCase{"Key=x509Serial,Value=2587", false},
                                         MatchCase{"Key=x509Serial,Value=a1b0", false},
                                         MatchCase{"Key=x509Serial,Value=0", false}));

INSTANTIATE_TEST_SUITE_P(
    AllPartsMustFit, SelectorMatchTest,
    testing::Values(
        MatchCase{"Key=x509Issuer,Value=CN=CA,O=Example Key=x509Serial,Value=a1b", true},
        MatchCase{"Key=x509Serial,Value=a1b  Key=x509Issuer,Value=CN=CA, O=Example", true},
        MatchCase{"Key=x509Issuer,Value=CN=CA,O=Example Key=x509Serial,Value=a1c", false},
        MatchCase{"Key=x509Issuer,Value=CN=CB,O=Example Key=x509Serial,Value=a1b", false},
        MatchCase{R"([{"Key": "x509Issuer", "Value": "CN=CA,O=Example"},
                      {"Key": "x509Serial", "Value": "a1b"}])",
                  true},
        MatchCase{R"([{"Key": "x509Issuer", "Value": "CN=CA,O=Example"},
                      {"Key": "x509Serial", "Value": "1b"}])",
                  false}));

TEST_F(CertificateSelectorTest, NumberZeroIsASerial) {
  test::CertificateSpec spec;
  spec.serial = "0";
  const Certificate certificate(X509Ptr(NewReference(test::Issue(spec).certificate)));
  EXPECT_TRUE(CertificateSelector::Parse("Key=x509Serial,Value=00")->Matches(certificate));
  EXPECT_FALSE(CertificateSelector::Parse("Key=x509Serial,Value=10")->Matches(certificate));
}

// Some tools print an unescaped comma, and every printed form must match.
TEST_F(CertificateSelectorTest, ACommaInAValueNeedNotBeEscaped) {
  test::CertificateSpec spec;
  spec.subject = {{"CN", "a,b"}};
  const Certificate certificate(X509Ptr(NewReference(test::Issue(spec).certificate)));
  EXPECT_TRUE(CertificateSelector::Parse(R"(Key=x509Subject,Value=CN=a\,b)")->Matches(certificate));
  EXPECT_TRUE(CertificateSelector::Parse("Key=x509Subject,Value=CN=a,b")->Matches(certificate));
  EXPECT_FALSE(
      CertificateSelector::Parse(R"(Key=x509Subject,Value=CN=a\, b)")->Matches(certificate));
}

// Equal values must not be tried in all orders.
TEST_F(CertificateSelectorTest, ManyEqualValuesAreNoBurden) {
  test::CertificateSpec spec;
  spec.subject = {{"CN", "a"}};
  std::string text = "Key=x509Subject,Value=CN=a";
  for (int i = 0; i < 60; ++i) {
    spec.subject.emplace_back(i % 2 == 0 ? "OU" : "+OU", "a");
    text += "+OU=a";
  }
  const Certificate certificate(X509Ptr(NewReference(test::Issue(spec).certificate)));
  EXPECT_TRUE(CertificateSelector::Parse(text)->Matches(certificate));
  EXPECT_FALSE(CertificateSelector::Parse(text + "+OU=b")->Matches(certificate));
}

}  // namespace
}  // namespace credmint
