// SPDX-License-Identifier: Apache-2.0
#include "identity/refusals.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/test_pki.h"
#include "unit/identity/certificates.h"

namespace credmint {
namespace {

using namespace std::chrono_literals;
using std::chrono::sys_days;
using std::chrono::system_clock;
using test::CaSpec;
using test::CertificateSpec;
using test::Issue;
using test::kNow;
using test::NewKey;
using test::Party;
using test::ToCertificate;

using Texts = std::vector<std::string>;

constexpr const char* kPss = "it is signed with RSASSA-PSS, which the service does not accept";
constexpr const char* kEdDsa = "it is signed with ED25519, which the service does not accept";
constexpr const char* kCurve =
    "its key has explicit EC parameters, the service takes named curves only";
constexpr const char* kExtension = "its critical extension 1.2.3.4 is unknown to the service";

Texts Messages(const std::vector<Error>& reasons) {
  Texts messages;
  for (const Error& reason : reasons) messages.push_back(reason.message);
  return messages;
}

class RefusalsTest : public testing::Test {
 protected:
  ~RefusalsTest() override { EXPECT_EQ(ERR_peek_error(), 0UL) << "the queue must be empty"; }

  static Texts OfLeaf(const Party& party) {
    return Messages(LeafRefusals(ToCertificate(party), kNow));
  }

  const Party ca_ = Issue(CaSpec("CA"));
  const Party rsa_ca_ = Issue(CaSpec("CA"), nullptr, NewKey("RSA"));
  const Party ed_ca_ = Issue(CaSpec("CA"), nullptr, NewKey("ED25519"));
};

CertificateSpec WithPss(CertificateSpec spec) {
  spec.pss = true;
  return spec;
}

CertificateSpec WithCritical(CertificateSpec spec, const std::string& oid) {
  spec.critical_extension = oid;
  return spec;
}

TEST_F(RefusalsTest, NothingIsHeldAgainstAnOrdinaryLeaf) {
  EXPECT_EQ(OfLeaf(Issue({}, &ca_)), Texts());
  EXPECT_EQ(OfLeaf(Issue({}, &rsa_ca_, NewKey("RSA"))), Texts());
}

TEST_F(RefusalsTest, LeafSignedWithPss) {
  EXPECT_EQ(OfLeaf(Issue(WithPss({}), &rsa_ca_)), Texts({kPss}));
}

TEST_F(RefusalsTest, LeafSignedWithEd25519) {
  EXPECT_EQ(OfLeaf(Issue({}, &ed_ca_)), Texts({kEdDsa}));
}

TEST_F(RefusalsTest, LeafWithExplicitEcParameters) {
  EXPECT_EQ(OfLeaf(Issue({}, &ca_, test::NewKeyWithExplicitCurve())), Texts({kCurve}));
}

TEST_F(RefusalsTest, LeafWithAnUnknownCriticalExtension) {
  EXPECT_EQ(OfLeaf(Issue(WithCritical({}, "1.2.3.4"), &ca_)), Texts({kExtension}));
}

TEST_F(RefusalsTest, LeafWithAKeyThatTheServiceDoesNotTake) {
  const auto reasons = LeafRefusals(ToCertificate(Issue({}, &ca_, NewKey("ED25519"))), kNow);
  ASSERT_EQ(Messages(reasons),
            Texts({"IAM Roles Anywhere takes RSA, EC and ML-DSA keys, not ED25519"}));
  EXPECT_EQ(reasons.front().code, ErrorCode::kKeyUnusable);
}

TEST_F(RefusalsTest, AllReasonsAreNamed) {
  CertificateSpec spec = WithCritical(WithPss({}), "1.2.3.4");
  spec.ca = true;
  spec.key_usage = "keyCertSign";
  spec.not_after = "20260531235959Z";
  EXPECT_EQ(OfLeaf(Issue(spec, &rsa_ca_, test::NewKeyWithExplicitCurve())),
            Texts({"it expired on 2026-05-31 23:59:59 UTC", "it is a CA certificate (CA:TRUE)",
                   "its keyUsage does not include digitalSignature", kPss, kCurve, kExtension}));
}

TEST_F(RefusalsTest, IssuersAreJudgedByWhatTheServiceNeedsOfThem) {
  EXPECT_EQ(Messages(IssuerRefusals(ToCertificate(ca_))), Texts());
  EXPECT_EQ(Messages(IssuerRefusals(ToCertificate(Issue(WithPss(CaSpec("Sub")), &rsa_ca_)))),
            Texts({kPss}));
  EXPECT_EQ(Messages(IssuerRefusals(ToCertificate(Issue(CaSpec("Sub"), &ed_ca_)))),
            Texts({kEdDsa}));
  EXPECT_EQ(
      Messages(IssuerRefusals(ToCertificate(Issue(WithCritical(CaSpec("Sub"), "1.2.3.4"), &ca_)))),
      Texts({kExtension}));
}

TEST_F(RefusalsTest, AnIssuerFurtherUpIsADoubtAndNoRefusal) {
  const Party upper = Issue(WithPss(CaSpec("Upper")), &rsa_ca_);
  const Party lower = Issue(CaSpec("Lower"), &upper);
  const Party leaf = Issue({}, &lower);
  const CertificateChain chain{ToCertificate(leaf), {ToCertificate(lower), ToCertificate(upper)}};
  EXPECT_EQ(Messages(ChainRefusals(chain, kNow)), Texts());
  EXPECT_EQ(Messages(ChainDoubts(chain)), Texts({std::string("its issuer CN=Upper: ") + kPss}));
  const CertificateChain short_chain{ToCertificate(Issue({}, &upper)), {ToCertificate(upper)}};
  EXPECT_EQ(Messages(ChainRefusals(short_chain, kNow)),
            Texts({std::string("its issuer CN=Upper: ") + kPss}));
  EXPECT_EQ(Messages(ChainDoubts(short_chain)), Texts());
}

}  // namespace
}  // namespace credmint
