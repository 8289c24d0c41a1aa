// SPDX-License-Identifier: Apache-2.0
#include "attestation/attestation_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "attestation/attested_key.h"

namespace credmint {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kEvidence =
    R"({"kind":"tpm","ekCertificates":["AQ==","Ag=="],"attestationKey":"Aw==","key":"BA==",)"
    R"("attest":"BQ==","signature":"Bg==",)"
    R"("policy":{"pcrs":"Bw==","pcrDigest":"CA==","authValue":true}})";

TEST(AttestationFileTest, EvidenceIsReadAgain) {
  const auto parsed = ParseAttestation(FormatAttestation(kEvidence, {}));
  ASSERT_TRUE(parsed) << parsed.error().message;
  const auto& evidence = std::get<TpmEvidence>(*parsed);
  EXPECT_THAT(evidence.certificates, ElementsAre(Bytes{1}, Bytes{2}));
  EXPECT_THAT(evidence.attestation_key, ElementsAre(3));
  EXPECT_THAT(evidence.key, ElementsAre(4));
  EXPECT_THAT(evidence.attest, ElementsAre(5));
  EXPECT_THAT(evidence.signature, ElementsAre(6));
  ASSERT_TRUE(evidence.policy);
  EXPECT_THAT(evidence.policy->pcrs, ElementsAre(7));
  EXPECT_THAT(evidence.policy->pcr_digest, ElementsAre(8));
  EXPECT_TRUE(evidence.policy->wants_auth);
}

TEST(AttestationFileTest, AClaimIsReadAgain) {
  const char* const stated =
      R"({"kind":"claim","token":{"label":"a"},"attributes":{"local":true,"mechanism":"0x1"}})";
  EXPECT_TRUE(IsClaim(stated));
  EXPECT_FALSE(IsClaim(kEvidence));
  const auto parsed = ParseAttestation(FormatAttestation(stated, std::pair(Bytes{1}, Bytes{2})));
  ASSERT_TRUE(parsed) << parsed.error().message;
  const auto& claim = std::get<TokenClaim>(*parsed);
  EXPECT_THAT(claim.token, ElementsAre(std::pair("label", "a")));
  EXPECT_THAT(claim.attributes,
              ElementsAre(std::pair("local", "true"), std::pair("mechanism", "0x1")));
  EXPECT_THAT(claim.public_key, ElementsAre(1));
  EXPECT_THAT(claim.signature, ElementsAre(2));
}

TEST(AttestationFileTest, FilesAreNotTakenForEachOther) {
  const std::string challenge = FormatChallenge(Bytes{1});
  const std::string answer = FormatAnswer(R"({"answer":"Ag=="})");
  EXPECT_THAT(*ParseChallenge(challenge), ElementsAre(1));
  EXPECT_THAT(*ParseAnswer(answer), ElementsAre(2));
  EXPECT_FALSE(ParseChallenge(answer));
  EXPECT_FALSE(ParseAnswer(challenge));
  EXPECT_FALSE(ParseAttestation(challenge));
}

TEST(AttestationFileTest, TheFirstBadMemberIsNamed) {
  const auto parsed = ParseAttestation(FormatAttestation(R"({"kind":"tpm"})", {}));
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().code, ErrorCode::kAttestation);
  EXPECT_THAT(parsed.error().message, HasSubstr("'ekCertificates'"));
}

TEST(AttestationFileTest, PcrsAreNamedByBank) {
  // TPML_PCR_SELECTION: two banks, SHA-256 with 0 and 7, SHA-1 with 16; then one that is empty.
  const Bytes two = {0, 0, 0, 2, 0, 0x0b, 3, 0x81, 0, 0, 0, 0x04, 3, 0, 0, 1};
  EXPECT_EQ(NamePcrsOf({two, {}, false}), "0, 7 (sha256) and 16 (sha1)");
  EXPECT_EQ(NamePcrsOf({Bytes(two.begin(), two.end() - 1), {}, false}), "");
  EXPECT_EQ(NamePcrsOf({{0xff, 0xff, 0xff, 0xff}, {}, false}), "");
}

}  // namespace
}  // namespace credmint
