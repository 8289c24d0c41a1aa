// SPDX-License-Identifier: Apache-2.0
#include "identity/identity.h"

#include <gtest/gtest.h>

#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "ossl/encoding.h"
#include "support/test_pki.h"
#include "unit/identity/certificates.h"

namespace credmint {
namespace {

using namespace std::chrono_literals;
using std::chrono::sys_days;
using std::chrono::system_clock;
using test::CertificateSpec;
using test::kNow;
using test::Party;
using test::TestKey;

class IdentityTest : public testing::Test {
 protected:
  ~IdentityTest() override { EXPECT_EQ(ERR_peek_error(), 0UL) << "the queue must be empty"; }

  std::shared_ptr<const SigningKey> Key(const TestKey& key) {
    return std::make_shared<const SigningKey>(context_, PkeyPtr(test::NewReference(key)));
  }

  Result<Identity> Check(const Party& party, system_clock::time_point now = kNow) {
    return CheckIdentity(Key(party.key),
                         {Certificate(X509Ptr(test::NewReference(party.certificate))), {}}, now);
  }
  Result<Identity> CheckLeaf(const CertificateSpec& spec, system_clock::time_point now = kNow) {
    return Check(test::Issue(spec, &ca_), now);
  }

  static void ExpectRefused(const Result<Identity>& checked, ErrorCode code,
                            const std::string& message, const std::string& hint = "",
                            Remedy remedy = Remedy::kNone) {
    ASSERT_FALSE(checked.has_value());
    EXPECT_EQ(checked.error().code, code);
    EXPECT_EQ(checked.error().remedy, remedy);
    EXPECT_EQ(checked.error().message, "certificate CN=leaf: " + message);
    EXPECT_EQ(checked.error().hint, hint);
  }

  LibraryContext context_ = LibraryContext::Create({}).value();
  const Party ca_ = test::Issue(test::CaSpec("CA"));
};

TEST_F(IdentityTest, RefusesAKeyThatDoesNotBelongToTheCertificate) {
  Party party = test::Issue({}, &ca_);
  for (const char* other : {"P-256", "P-384", "RSA", "ED25519"}) {
    party.key = test::NewKey(other);
    ExpectRefused(Check(party), ErrorCode::kKeyMismatch, "the private key does not belong to it",
                  "the certificate must be the one issued for the private key");
  }
}

TEST_F(IdentityTest, RefusesACertificateOfTheFuture) {
  ExpectRefused(CheckLeaf({}, sys_days(2025y / 12 / 31) + 23h + 59min + 59s),
                ErrorCode::kCertificate, "it is not valid before 2026-01-01 00:00:00 UTC",
                "is this machine's clock right?");
}

TEST_F(IdentityTest, RefusesAnExpiredCertificate) {
  ExpectRefused(CheckLeaf({}, sys_days(2027y / 1 / 1)), ErrorCode::kCertificate,
                "it expired on 2026-12-31 23:59:59 UTC", "renew it with its CA");
}

TEST_F(IdentityTest, AcceptsTheFirstAndTheLastSecondOfValidity) {
  EXPECT_TRUE(CheckLeaf({}, sys_days(2026y / 1 / 1)).has_value());
  EXPECT_TRUE(CheckLeaf({}, sys_days(2026y / 12 / 31) + 23h + 59min + 59s).has_value());
}

// RFC 5280 section 4.1.2.5.
TEST_F(IdentityTest, AcceptsACertificateWithoutAnEnd) {
  CertificateSpec spec;
  spec.not_after = "99991231235959Z";
  const auto checked = CheckLeaf(spec);
  EXPECT_TRUE(checked.has_value()) << checked.error().message;
}

TEST_F(IdentityTest, RefusesX509Version1) {
  CertificateSpec spec;
  spec.version = 1;
  ExpectRefused(CheckLeaf(spec), ErrorCode::kCertificate,
                "it is X.509 version 1, the service accepts version 3 only");
}

TEST_F(IdentityTest, RefusesACaCertificate) {
  CertificateSpec spec;
  spec.ca = true;
  spec.key_usage = "digitalSignature,keyCertSign";
  ExpectRefused(CheckLeaf(spec), ErrorCode::kCertificate, "it is a CA certificate (CA:TRUE)", "",
                Remedy::kGiveLeafFirst);
}

TEST_F(IdentityTest, RefusesACertificateThatMayNotSign) {
  for (const char* usage : {"", "keyEncipherment", "nonRepudiation,keyAgreement"}) {
    CertificateSpec spec;
    spec.key_usage = usage;
    ExpectRefused(CheckLeaf(spec), ErrorCode::kCertificate,
                  "its keyUsage does not include digitalSignature",
                  "have it issued with keyUsage=digitalSignature");
  }
}

TEST_F(IdentityTest, RefusesAWeakHash) {
  const Party rsa_ca = test::Issue(test::CaSpec("CA"), nullptr, test::NewKey("RSA"));
  for (const auto& [digest, name] :
       {std::pair<const char*, const char*>{"MD5", "md5WithRSAEncryption"},
        {"SHA1", "sha1WithRSAEncryption"},
        {"SHA224", "sha224WithRSAEncryption"}}) {
    CertificateSpec spec;
    spec.digest = digest;
    ExpectRefused(
        Check(test::Issue(spec, &rsa_ca)), ErrorCode::kCertificate,
        std::string("it is signed with ") + name + ", the service wants SHA-256 or stronger",
        "have it issued with a signature of RSA (PKCS#1 v1.5) or ECDSA, with SHA-256 or stronger");
  }
}

TEST_F(IdentityTest, RefusesAKeyAlgorithmThatIsUnknownHere) {
  const Party party = test::Issue({}, &ca_);
  std::string der = test::CertificateDer(party.certificate);
  constexpr std::string_view kEcPublicKey = "\x2a\x86\x48\xce\x3d\x02\x01";  // 1.2.840.10045.2.1
  der[der.find(kEcPublicKey) + 6] = 0x7f;
  auto leaf = Certificate::FromDer(context_, AsBytes(der));
  ASSERT_TRUE(leaf.has_value());
  ExpectRefused(CheckIdentity(Key(party.key), {*std::move(leaf), {}}, kNow),
                ErrorCode::kCertificate,
                "its key cannot be used by this OpenSSL, its algorithm is 1.2.840.10045.2.127");
}

TEST_F(IdentityTest, NamesTheCertificateByItsSubject) {
  CertificateSpec spec;
  spec.subject = {{"O", "Example"}, {"CN", "web\n1"}};
  const auto checked = CheckLeaf(spec, sys_days(2030y / 1 / 1));
  ASSERT_FALSE(checked.has_value());
  EXPECT_EQ(checked.error().message,
            "certificate CN=web\\0A1,O=Example: it expired on 2026-12-31 23:59:59 UTC");
}

struct AcceptedCase {
  const char* key;
  const char* issuer_key;
  const char* digest;
  std::optional<bool> ca;
  const char* key_usage;
};

void PrintTo(const AcceptedCase& test_case, std::ostream* out) {
  *out << test_case.key << " by " << test_case.issuer_key;
}

class AcceptedIdentityTest : public IdentityTest,
                             public testing::WithParamInterface<AcceptedCase> {};

TEST_P(AcceptedIdentityTest, SignsWithWhatTheCertificateVerifies) {
  const auto& [key, issuer_key, digest, ca, key_usage] = GetParam();
  const Party issuer = test::Issue(test::CaSpec("CA"), nullptr, test::NewKey(issuer_key));
  CertificateSpec spec;
  spec.digest = digest;
  spec.ca = ca;
  spec.key_usage = key_usage;
  const Party party = test::Issue(spec, &issuer, test::NewKey(key));
  const auto identity = Check(party);
  ASSERT_TRUE(identity.has_value()) << identity.error().message;
  EXPECT_EQ(identity->leaf().Subject(), "CN=leaf");
  EXPECT_EQ(identity->algorithm(), EVP_PKEY_get0_type_name(party.key.get()));
  const auto signature = identity->Sign("text");
  ASSERT_TRUE(signature.has_value()) << signature.error().message;
  const MdCtxPtr verifier(EVP_MD_CTX_new());
  ASSERT_EQ(EVP_DigestVerifyInit(verifier.get(), nullptr, EVP_sha256(), nullptr,
                                 X509_get0_pubkey(party.certificate.get())),
            1);
  EXPECT_EQ(EVP_DigestVerify(verifier.get(), signature->data(), signature->size(),
                             reinterpret_cast<const unsigned char*>("text"), 4),
            1);
}

INSTANTIATE_TEST_SUITE_P(Leaves, AcceptedIdentityTest,
                         testing::Values(AcceptedCase{"RSA", "RSA", "SHA256", std::nullopt,
                                                      "digitalSignature"},
                                         AcceptedCase{"P-256", "RSA", "SHA512", false,
                                                      "digitalSignature,keyEncipherment"},
                                         AcceptedCase{"P-384", "P-384", "SHA384", false,
                                                      "nonRepudiation,digitalSignature"}));

TEST_F(IdentityTest, KeepsTheIssuersOfTheChain) {
  const Party upper = test::Issue(test::CaSpec("Upper"));
  const Party party = test::Issue({}, &ca_);
  const auto identity =
      CheckIdentity(Key(party.key),
                    {Certificate(X509Ptr(test::NewReference(party.certificate))),
                     {Certificate(X509Ptr(test::NewReference(ca_.certificate))),
                      Certificate(X509Ptr(test::NewReference(upper.certificate)))}},
                    kNow);
  ASSERT_TRUE(identity.has_value());
  ASSERT_EQ(identity->issuers().size(), 2U);
  EXPECT_EQ(identity->issuers()[0].Subject(), "CN=CA");
  EXPECT_EQ(identity->issuers()[1].Subject(), "CN=Upper");
}

TEST_F(IdentityTest, ReturnsNoSignatureThatItsCertificateDoesNotVerify) {
  Party party = test::Issue({}, &ca_);
  party.key = test::Chimera(party.key, test::NewKey());
  ASSERT_NE(party.key, nullptr);
  const auto identity = Check(party);
  ASSERT_TRUE(identity.has_value()) << identity.error().message;
  const auto signature = identity->Sign("text");
  ASSERT_FALSE(signature.has_value());
  EXPECT_EQ(signature.error().code, ErrorCode::kKeyUnusable);
  EXPECT_EQ(signature.error().message,
            "the signature that the key made does not verify with its certificate");
}

}  // namespace
}  // namespace credmint
