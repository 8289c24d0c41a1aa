// SPDX-License-Identifier: Apache-2.0
#include "identity/chain.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/test_pki.h"
#include "unit/identity/certificates.h"

namespace credmint {
namespace {

using namespace std::chrono_literals;
using test::CaSpec;
using test::CertificateSpec;
using test::Issue;
using test::kNow;
using test::Party;
using test::ToCertificate;
using test::Until;

/// The names and serial numbers of the issuers in the chain, the leaf's issuer first.
std::vector<std::string> Issuers(const Party& leaf, const std::vector<Party>& pool) {
  std::vector<Certificate> certificates;
  for (const Party& party : pool) certificates.push_back(ToCertificate(party));
  const CertificateChain chain = BuildChain(ToCertificate(leaf), certificates, kNow);
  EXPECT_EQ(chain.leaf, ToCertificate(leaf));
  std::vector<std::string> issuers;
  for (const Certificate& issuer : chain.issuers) {
    issuers.push_back(issuer.Subject() + " " + issuer.SerialDecimal());
  }
  return issuers;
}

using Names = std::vector<std::string>;

CertificateSpec Ca(const std::string& name, const std::string& serial = "1") {
  CertificateSpec spec = CaSpec(name);
  spec.serial = serial;
  return spec;
}

class ChainTest : public testing::Test {
 protected:
  const Party root_ = Issue(Ca("Root"));
  const Party upper_ = Issue(Ca("Upper"), &root_);
  const Party lower_ = Issue(Ca("Lower"), &upper_);
  const Party leaf_ = Issue({}, &lower_);
};

TEST_F(ChainTest, IsEmptyWithoutIssuers) { EXPECT_EQ(Issuers(leaf_, {}), Names()); }

TEST_F(ChainTest, EndsWhereAnIssuerIsMissing) {
  EXPECT_EQ(Issuers(leaf_, {upper_, root_}), Names());
  EXPECT_EQ(Issuers(leaf_, {lower_, root_}), Names({"CN=Lower 1"}));
}

TEST_F(ChainTest, GoesUpFromTheLeafWhateverTheOrderOfThePool) {
  const Names expected = {"CN=Lower 1", "CN=Upper 1"};
  EXPECT_EQ(Issuers(leaf_, {lower_, upper_}), expected);
  EXPECT_EQ(Issuers(leaf_, {upper_, lower_}), expected);
}

TEST_F(ChainTest, LeavesTheRootOut) {
  EXPECT_EQ(Issuers(leaf_, {root_, upper_, lower_}), Names({"CN=Lower 1", "CN=Upper 1"}));
  EXPECT_EQ(Issuers(Issue({}, &root_), {root_}), Names());
}

TEST_F(ChainTest, LeavesUnrelatedCertificatesOut) {
  const Party other_root = Issue(Ca("Other Root"));
  const Party other = Issue(Ca("Other"), &other_root);
  const Party sibling = Issue({}, &lower_);
  EXPECT_EQ(Issuers(leaf_, {other, sibling, leaf_, lower_, other_root, upper_}),
            Names({"CN=Lower 1", "CN=Upper 1"}));
}

TEST_F(ChainTest, NamesEachIssuerOnce) {
  EXPECT_EQ(Issuers(leaf_, {lower_, lower_, upper_, upper_}), Names({"CN=Lower 1", "CN=Upper 1"}));
}

TEST_F(ChainTest, SelfSignedLeafHasNoIssuers) {
  const Party self_signed = Issue({});
  EXPECT_EQ(Issuers(self_signed, {self_signed, lower_}), Names());
}

TEST_F(ChainTest, IsNotDeceivedByAnIssuerOfTheSameNameWithAnotherKey) {
  const Party impostor = Issue(Until(Ca("Lower", "666"), "20300101000000Z"), &upper_);
  EXPECT_EQ(Issuers(leaf_, {impostor}), Names());
  EXPECT_EQ(Issuers(leaf_, {impostor, lower_}), Names({"CN=Lower 1"}));
  EXPECT_EQ(Issuers(leaf_, {lower_, impostor}), Names({"CN=Lower 1"}));
}

TEST_F(ChainTest, WorksWithKeyIdentifiers) {
  CertificateSpec ca = Ca("Keyed Root");
  ca.key_identifiers = true;
  const Party root = Issue(ca);
  ca.subject = {{"CN", "CA"}};
  const Party issuer = Issue(ca, &root);
  const Party twin = Issue(ca, &root);  // same name, different key and identifier
  CertificateSpec spec;
  spec.key_identifiers = true;
  EXPECT_EQ(Issuers(Issue(spec, &issuer), {twin, issuer}).size(), 1U);
  EXPECT_EQ(Issuers(Issue(spec, &issuer), {twin}), Names());
}

TEST_F(ChainTest, LeavesOutAnIssuerThatMayNotSignCertificates) {
  CertificateSpec spec = Ca("No CA");
  spec.key_usage = "digitalSignature";
  const Party no_ca = Issue(spec, &root_);
  EXPECT_EQ(Issuers(Issue({}, &no_ca), {no_ca}), Names());
}

TEST_F(ChainTest, PrefersTheValidOneOfTwoIssuers) {
  const Party expired = Issue(Until(Ca("Lower", "2"), "20260531235959Z"), &upper_, lower_.key);
  CertificateSpec future = Until(Ca("Lower", "3"), "20400101000000Z");
  future.not_before = "20260601000001Z";
  const Party not_yet = Issue(future, &upper_, lower_.key);
  EXPECT_EQ(Issuers(leaf_, {expired, lower_, not_yet}), Names({"CN=Lower 1"}));
  EXPECT_EQ(Issuers(leaf_, {not_yet, expired, lower_}), Names({"CN=Lower 1"}));
}

TEST_F(ChainTest, PrefersTheOneThatExpiresLastOfTwoValidIssuers) {
  const Party renewed = Issue(Until(Ca("Lower", "2"), "20300101000000Z"), &upper_, lower_.key);
  EXPECT_EQ(Issuers(leaf_, {lower_, renewed}), Names({"CN=Lower 2", "CN=Lower 1"}));
  EXPECT_EQ(Issuers(leaf_, {renewed, lower_}), Names({"CN=Lower 2", "CN=Lower 1"}));
}

TEST_F(ChainTest, IsValidFromItsFirstToItsLastSecond) {
  CertificateSpec future = Until(Ca("Lower", "2"), "20400101000000Z");
  future.not_before = "20260601000001Z";
  const Party not_yet = Issue(future, &upper_, lower_.key);
  CertificateSpec today = Until(Ca("Lower", "3"), "20301231235959Z");
  today.not_before = "20260601000000Z";
  const Party first_second = Issue(today, &upper_, lower_.key);
  const Party last_second = Issue(Until(Ca("Lower", "4"), "20260601000000Z"), &upper_, lower_.key);
  EXPECT_EQ(Issuers(leaf_, {not_yet, first_second}), Names({"CN=Lower 3"}));
  EXPECT_EQ(Issuers(leaf_, {not_yet, last_second}), Names({"CN=Lower 4"}));
}

TEST_F(ChainTest, TakesAnExpiredIssuerIfThereIsNoOther) {
  const Party older = Issue(Until(Ca("Lower", "2"), "20260201000000Z"), &upper_, lower_.key);
  const Party newer = Issue(Until(Ca("Lower", "3"), "20260301000000Z"), &upper_, lower_.key);
  EXPECT_EQ(Issuers(leaf_, {older, newer}), Names({"CN=Lower 3"}));
}

TEST_F(ChainTest, HasAtMostFiveIssuers) {
  std::vector<Party> cas = {root_};
  for (int i = 1; i <= 7; ++i) {
    const Party issuer = cas.back();
    cas.push_back(Issue(Ca("CA" + std::to_string(i)), &issuer));
  }
  EXPECT_EQ(Issuers(Issue({}, &cas.back()), cas),
            Names({"CN=CA7 1", "CN=CA6 1", "CN=CA5 1", "CN=CA4 1", "CN=CA3 1"}));
}

/// Two CAs that certify each other.
class CrossSignedTest : public ChainTest {
 protected:
  const Party a_self_ = Issue(Ca("A"));
  const Party b_self_ = Issue(Ca("B"));
  const Party a_by_b_ = Issue(Until(Ca("A", "2"), "20300101000000Z"), &b_self_, a_self_.key);
  const Party b_by_a_ = Issue(Ca("B", "2"), &a_self_, b_self_.key);
  const Party leaf_of_a_ = Issue({}, &a_self_);
};

TEST_F(CrossSignedTest, DoesNotGoRoundInCircles) {
  const Names expected = {"CN=A 2", "CN=B 2"};
  EXPECT_EQ(Issuers(leaf_of_a_, {a_by_b_, b_by_a_}), expected);
  EXPECT_EQ(Issuers(leaf_of_a_, {a_self_, b_by_a_, b_self_, a_by_b_}), expected);
}

TEST_F(CrossSignedTest, DoesNotGoRoundInCirclesThroughARenewedTwin) {
  const Party twin = Issue(Ca("A", "3"), &b_self_, a_self_.key);
  EXPECT_EQ(Issuers(leaf_of_a_, {a_by_b_, b_by_a_, twin}), Names({"CN=A 2", "CN=B 2", "CN=A 3"}));
}

// The cycle must not hide the path to the root, which may be the service's only trust anchor.
TEST_F(CrossSignedTest, FindsTheWayOutOfACircle) {
  const Party a_by_root = Issue(Ca("A", "3"), &root_, a_self_.key);
  EXPECT_EQ(Issuers(leaf_of_a_, {a_by_b_, b_by_a_, a_by_root}),
            Names({"CN=A 3", "CN=A 2", "CN=B 2"}));
}

/// An issuing CA that two other CAs certify. One path is a CA longer than the other.
class TwoPathsTest : public ChainTest {
 protected:
  const Party old_root_ = Issue(Ca("Old Root"));
  const Party lower_by_old_ =
      Issue(Until(Ca("Lower", "2"), "20270101000000Z"), &old_root_, lower_.key);
  const Party lower_by_upper_ =
      Issue(Until(Ca("Lower", "3"), "20350101000000Z"), &upper_, lower_.key);
};

TEST_F(TwoPathsTest, SendsTheShortestPathFirstAndThenTheOther) {
  const Names expected = {"CN=Lower 2", "CN=Lower 3", "CN=Upper 1"};
  EXPECT_EQ(Issuers(leaf_, {lower_by_upper_, upper_, lower_by_old_}), expected);
  EXPECT_EQ(Issuers(leaf_, {lower_by_old_, upper_, lower_by_upper_}), expected);
  EXPECT_EQ(Issuers(leaf_, {old_root_, lower_by_old_, upper_, lower_by_upper_, root_}), expected);
}

TEST_F(TwoPathsTest, OfEqualPathsTheOneThatStaysValidLongestIsFirst) {
  EXPECT_EQ(Issuers(leaf_, {lower_by_old_, lower_by_upper_}), Names({"CN=Lower 3", "CN=Lower 2"}));
  const Party brief = Issue(Until(Ca("Upper", "2"), "20260701000000Z"), &root_, upper_.key);
  const Party middle = Issue(Ca("Middle"), &root_);
  const Party lower_by_middle =
      Issue(Until(Ca("Lower", "4"), "20261201000000Z"), &middle, lower_.key);
  // A path is valid until its first certificate expires. Lower 3 expires last, but Upper 2 above it
  // does not.
  EXPECT_EQ(Issuers(leaf_, {brief, middle, lower_by_middle, lower_by_upper_}),
            Names({"CN=Lower 4", "CN=Middle 1", "CN=Lower 3", "CN=Upper 2"}));
}

TEST_F(TwoPathsTest, APathWithAnExpiredCertificateIsNotTheFirst) {
  const Party expired = Issue(Until(Ca("Lower", "4"), "20260501000000Z"), &old_root_, lower_.key);
  EXPECT_EQ(Issuers(leaf_, {expired, upper_, lower_by_upper_}),
            Names({"CN=Lower 3", "CN=Upper 1"}));
}

TEST_F(TwoPathsTest, APathThatTheServiceRefusesIsNotTheFirst) {
  CertificateSpec spec = Ca("Lower", "4");
  spec.critical_extension = "1.2.3.4";
  const Party odd = Issue(spec, &old_root_, lower_.key);
  EXPECT_EQ(Issuers(leaf_, {odd, upper_, lower_by_upper_}), Names({"CN=Lower 3", "CN=Upper 1"}));
}

TEST_F(TwoPathsTest, OfAnAlternativeWhatIsBelowAnExpiredCertificateIsSent) {
  const Party expired = Issue(Until(Ca("Upper", "2"), "20260501000000Z"), &root_, upper_.key);
  EXPECT_EQ(Issuers(leaf_, {expired, lower_by_old_, lower_by_upper_}),
            Names({"CN=Lower 2", "CN=Lower 3"}));
}

TEST_F(TwoPathsTest, SendsFiveCertificatesAtMostThoseFirstWhosePathFits) {
  std::vector<Party> pool = {lower_by_old_};
  Party issuer = root_;
  for (int i = 1; i <= 4; ++i) {
    issuer = Issue(Ca("Tall" + std::to_string(i)), &issuer);
    pool.push_back(issuer);
  }
  pool.push_back(Issue(Ca("Lower", "5"), &issuer, lower_.key));
  pool.push_back(lower_by_upper_);
  pool.push_back(upper_);
  EXPECT_EQ(Issuers(leaf_, pool),
            Names({"CN=Lower 2", "CN=Lower 3", "CN=Upper 1", "CN=Lower 5", "CN=Tall4 1"}));
}

TEST_F(TwoPathsTest, ALargePoolOfCrossSignedAuthoritiesIsNoBurden) {
  std::vector<Party> pool;
  for (const Party* subject : {&lower_, &upper_}) {
    for (int i = 0; i < 60; ++i) {
      const Party& issuer = subject == &lower_ ? upper_ : root_;
      const std::string name = subject == &lower_ ? "Lower" : "Upper";
      pool.push_back(Issue(Ca(name, std::to_string(100 + i)), &issuer, subject->key));
    }
  }
  EXPECT_EQ(Issuers(leaf_, pool).size(), kMaxIssuers);
}

// Path validation matches names and verifies signatures. Key identifiers only help to build a path
// (RFC 5280 section 4.2.1.1).
TEST_F(ChainTest, KeepsAnIssuerWhoseKeyIdentifierIsNotTheOneThatTheLeafNames) {
  CertificateSpec with_identifier = Ca("Keyed");
  with_identifier.key_identifiers = true;
  CertificateSpec top = Ca("Keyed Root");
  top.key_identifiers = true;
  const Party keyed_root = Issue(top);
  const Party issuer = Issue(with_identifier, &keyed_root);
  CertificateSpec spec;
  spec.key_identifiers = true;
  const Party leaf = Issue(spec, &issuer);
  CertificateSpec other = Ca("Keyed", "2");
  other.other_key_identifier = true;
  const Party reissued = Issue(other, &keyed_root, issuer.key);
  EXPECT_EQ(Issuers(leaf, {reissued}), Names({"CN=Keyed 2"}));
}

// RFC 4210 section 4.4: a CA's old key certifies its new one under the same name.
TEST_F(ChainTest, KeepsAnIssuerThatIsSelfIssuedButNotSelfSigned) {
  const Party new_with_old = Issue(Ca("Root", "2"), &root_);
  EXPECT_EQ(Issuers(Issue({}, &new_with_old), {root_, new_with_old}), Names({"CN=Root 2"}));
}

}  // namespace
}  // namespace credmint
