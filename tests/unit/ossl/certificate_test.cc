// SPDX-License-Identifier: Apache-2.0
#include "ossl/certificate.h"

#include <gtest/gtest.h>

#include <chrono>
#include <ostream>
#include <string>

#include "ossl/encoding.h"
#include "support/test_pki.h"

namespace credmint {
namespace {

using namespace std::chrono_literals;
using std::chrono::sys_days;
using test::CertificateSpec;
using test::NewReference;

Certificate Make(const CertificateSpec& spec, const test::TestKey& key = nullptr) {
  return Certificate(X509Ptr(NewReference(test::Issue(spec, nullptr, key).certificate)));
}

Certificate WithSerial(const std::string& hex) {
  CertificateSpec spec;
  spec.serial = hex;
  return Make(spec);
}

Certificate WithSubject(test::TestName name) {
  CertificateSpec spec;
  spec.subject = std::move(name);
  return Make(spec);
}

class CertificateTest : public testing::Test {
 protected:
  LibraryContext context_ = LibraryContext::Create({}).value();
};

TEST_F(CertificateTest, IsNotMadeFromWhatIsNone) {
  const std::string der = test::CertificateDer(test::Issue({}).certificate);
  for (const std::string& bytes :
       {std::string(), std::string("\0\0\0\0", 4), std::string("not a certificate"),
        der.substr(0, der.size() - 1), der.substr(1)}) {
    const auto certificate = Certificate::FromDer(context_, AsBytes(bytes));
    ASSERT_FALSE(certificate.has_value()) << bytes.size();
    EXPECT_EQ(certificate.error().code, ErrorCode::kCertificate);
    EXPECT_EQ(certificate.error().message.find("reading a certificate: "), 0U)
        << certificate.error().message;
    EXPECT_EQ(ERR_peek_error(), 0UL);
  }
}

TEST_F(CertificateTest, ReadsAndWritesDer) {
  const std::string der = test::CertificateDer(test::Issue({}).certificate);
  const auto certificate = Certificate::FromDer(context_, AsBytes(der));
  ASSERT_TRUE(certificate.has_value()) << certificate.error().message;
  const Bytes written = certificate->Der();
  EXPECT_EQ(std::string(written.begin(), written.end()), der);
}

struct SerialCase {
  const char* hex;
  const char* decimal;
  const char* printed;
};

void PrintTo(const SerialCase& test_case, std::ostream* out) { *out << test_case.hex; }

class CertificateSerialTest : public testing::TestWithParam<SerialCase> {};

TEST_P(CertificateSerialTest, IsExact) {
  const Certificate certificate = WithSerial(GetParam().hex);
  EXPECT_EQ(certificate.SerialDecimal(), GetParam().decimal);
  EXPECT_EQ(certificate.SerialHex(), GetParam().printed);
}

INSTANTIATE_TEST_SUITE_P(
    Numbers, CertificateSerialTest,
    testing::Values(SerialCase{"0", "0", "0"}, SerialCase{"1", "1", "01"},
                    SerialCase{"ff", "255", "FF"}, SerialCase{"a1b", "2587", "0A1B"},
                    SerialCase{"10000000000000000", "18446744073709551616", "010000000000000000"},
                    SerialCase{"1f71c5114a119fc0cc5a5a52fb3720ad",
                               "41796794418840706582093025104159514797",
                               "1F71C5114A119FC0CC5A5A52FB3720AD"},
                    SerialCase{"7fffffffffffffffffffffffffffffffffffffff",
                               "730750818665451459101842416358141509827966271487",
                               "7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"}));

TEST_F(CertificateTest, WritesNamesAsRfc2253MostSpecificFirst) {
  EXPECT_EQ(WithSubject({{"C", "DE"}, {"O", "Example"}, {"CN", "host"}}).Subject(),
            "CN=host,O=Example,C=DE");
  EXPECT_EQ(WithSubject({{"CN", "host"}, {"+OU", "lab"}}).Subject(), "OU=lab+CN=host");
  EXPECT_EQ(WithSubject({}).Subject(), "");
}

TEST_F(CertificateTest, EscapesWhatWouldBreakAName) {
  EXPECT_EQ(WithSubject({{"O", "Example, Inc. + Sons"}}).Subject(), "O=Example\\, Inc. \\+ Sons");
  EXPECT_EQ(WithSubject({{"CN", "a\"b\\c<d>;e"}}).Subject(), "CN=a\\\"b\\\\c\\<d\\>\\;e");
  EXPECT_EQ(WithSubject({{"CN", "#a"}}).Subject(), "CN=\\#a");
  EXPECT_EQ(WithSubject({{"CN", "a\nb\x1b"}}).Subject(), "CN=a\\0Ab\\1B");
}

TEST_F(CertificateTest, WritesNamesInUtf8) {
  EXPECT_EQ(WithSubject({{"CN", "Zo\xc3\xab"}}).Subject(), "CN=Zo\xc3\xab");
}

TEST_F(CertificateTest, TellsSubjectFromIssuer) {
  const test::Party root = test::Issue(test::CaSpec("Root"));
  const Certificate leaf(X509Ptr(NewReference(test::Issue({}, &root).certificate)));
  EXPECT_EQ(leaf.Subject(), "CN=leaf");
  EXPECT_EQ(leaf.Issuer(), "CN=Root");
  EXPECT_FALSE(leaf.IsSelfIssued());
  EXPECT_TRUE(Certificate(X509Ptr(NewReference(root.certificate))).IsSelfIssued());
}

TEST_F(CertificateTest, KnowsItsValidityToTheSecond) {
  CertificateSpec spec;
  spec.not_before = "20240229123456Z";
  spec.not_after = "20510101000000Z";  // a GeneralizedTime, after the years of UTCTime
  const Certificate certificate = Make(spec);
  EXPECT_EQ(certificate.NotBefore(), sys_days(2024y / 2 / 29) + 12h + 34min + 56s);
  EXPECT_EQ(certificate.NotAfter(), sys_days(2051y / 1 / 1));
}

// RFC 5280 section 4.1.2.5: devices' certificates without an expiration date have this one.
TEST_F(CertificateTest, EndOfYear9999IsInTheFuture) {
  CertificateSpec spec;
  spec.not_after = "99991231235959Z";
  EXPECT_GT(Make(spec).NotAfter(), sys_days(2200y / 1 / 1));
}

TEST_F(CertificateTest, KnowsItsVersion) {
  CertificateSpec spec;
  EXPECT_EQ(Make(spec).Version(), 3);
  spec.version = 1;
  EXPECT_EQ(Make(spec).Version(), 1);
}

TEST_F(CertificateTest, IsACaOnlyIfItSaysSo) {
  CertificateSpec spec;
  EXPECT_FALSE(Make(spec).IsCa());
  spec.ca = false;
  EXPECT_FALSE(Make(spec).IsCa());
  spec.ca = true;
  EXPECT_TRUE(Make(spec).IsCa());
  spec.version = 1;
  EXPECT_FALSE(Make(spec).IsCa());
}

TEST_F(CertificateTest, KnowsDigitalSignatureAmongItsKeyUsage) {
  for (const auto& [usage, expected] : {std::pair<const char*, bool>{"", false},
                                        {"nonRepudiation", false},
                                        {"keyEncipherment,keyAgreement", false},
                                        {"digitalSignature", true},
                                        {"keyEncipherment,digitalSignature", true}}) {
    CertificateSpec spec;
    spec.key_usage = usage;
    EXPECT_EQ(Make(spec).HasDigitalSignature(), expected) << usage;
  }
}

struct SignatureCase {
  const char* key;
  const char* digest;
  bool pss;
  bool strong;  ///< at least as strong as SHA-256
  const char* name;
};

void PrintTo(const SignatureCase& test_case, std::ostream* out) { *out << test_case.name; }

class CertificateSignatureTest : public testing::TestWithParam<SignatureCase> {};

TEST_P(CertificateSignatureTest, HasTheStrengthOfItsHash) {
  const auto& [key, digest, pss, strong, name] = GetParam();
  CertificateSpec spec;
  spec.digest = digest;
  spec.pss = pss;
  const Certificate certificate = Make(spec, test::NewKey(key));
  EXPECT_EQ(certificate.SignatureSecurityBits() >= 128, strong);
  EXPECT_EQ(certificate.SignatureAlgorithm(), name);
  EXPECT_EQ(ERR_peek_error(), 0UL);
}

INSTANTIATE_TEST_SUITE_P(
    Algorithms, CertificateSignatureTest,
    testing::Values(SignatureCase{"RSA", "MD5", false, false, "md5WithRSAEncryption"},
                    SignatureCase{"RSA", "SHA1", false, false, "sha1WithRSAEncryption"},
                    SignatureCase{"RSA", "SHA224", false, false, "sha224WithRSAEncryption"},
                    SignatureCase{"RSA", "SHA256", false, true, "sha256WithRSAEncryption"},
                    SignatureCase{"RSA", "SHA512", false, true, "sha512WithRSAEncryption"},
                    SignatureCase{"RSA", "SHA1", true, false, "rsassaPss"},
                    SignatureCase{"RSA", "SHA256", true, true, "rsassaPss"},
                    SignatureCase{"P-256", "SHA1", false, false, "ecdsa-with-SHA1"},
                    SignatureCase{"P-256", "SHA256", false, true, "ecdsa-with-SHA256"},
                    SignatureCase{"P-384", "SHA384", false, true, "ecdsa-with-SHA384"},
                    SignatureCase{"ED25519", "", false, true, "ED25519"}));

TEST_F(CertificateTest, LendsItsPublicKey) {
  const test::Party party = test::Issue({});
  const Certificate certificate(X509Ptr(NewReference(party.certificate)));
  EXPECT_EQ(EVP_PKEY_eq(certificate.public_key(), party.key.get()), 1);
}

TEST_F(CertificateTest, HasNoPublicKeyOfAnUnknownAlgorithm) {
  std::string der = test::CertificateDer(test::Issue({}).certificate);
  constexpr std::string_view kEcPublicKey = "\x2a\x86\x48\xce\x3d\x02\x01";  // 1.2.840.10045.2.1
  const std::size_t oid = der.find(kEcPublicKey);
  ASSERT_NE(oid, std::string::npos);
  der[oid + 6] = 0x7f;
  const auto certificate = Certificate::FromDer(context_, AsBytes(der));
  ASSERT_TRUE(certificate.has_value());
  EXPECT_EQ(certificate->public_key(), nullptr);
}

TEST_F(CertificateTest, EqualsOnlyItself) {
  const test::Party party = test::Issue({});
  const Certificate certificate(X509Ptr(NewReference(party.certificate)));
  const Certificate copy = certificate;
  EXPECT_EQ(copy, certificate);
  EXPECT_EQ(Certificate::FromDer(context_, certificate.Der()).value(), certificate);
  EXPECT_FALSE(Make({}, party.key) == certificate);  // the signature differs
}

}  // namespace
}  // namespace credmint
