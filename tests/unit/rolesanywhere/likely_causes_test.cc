// SPDX-License-Identifier: Apache-2.0
#include "rolesanywhere/likely_causes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/rolesanywhere/vector_session.h"

namespace credmint {
namespace {

using testing::HasSubstr;

struct CauseCase {
  const char* name;
  int status;
  const char* code;
  const char* message;
  const char* hint;  ///< a part of it
  Remedy remedy = Remedy::kNone;
};

class LikelyCausesTest : public testing::TestWithParam<CauseCase> {
 protected:
  Error Explain(const ServiceError& refusal) {
    Error error{ErrorCode::kServiceRefused, "refused", {}};
    SetLikelyCauses(refusal, request_, identity_.chain(), error);
    return error;
  }

  LibraryContext context_ = VectorContext();
  Identity identity_ = VectorIdentity(context_, "ec");
  SessionRequest request_ = SessionRequest::Create(VectorParameters()).value();
};

TEST_P(LikelyCausesTest, NamesWhatToLookAt) {
  const CauseCase& c = GetParam();
  const Error error = Explain({c.status, c.code, c.message});
  EXPECT_THAT(error.hint, HasSubstr(c.hint));
  EXPECT_EQ(error.remedy, c.remedy);
}

constexpr const char* kAccessDenied = "AccessDeniedException";

INSTANTIATE_TEST_SUITE_P(
    All, LikelyCausesTest,
    testing::Values(
        CauseCase{"WhereTheChainEnds", 403, kAccessDenied, "Untrusted signing certificate",
                  "was sent with 1 issuers, and the last one names CN=", Remedy::kCompleteChain},
        CauseCase{"Insufficient", 403, kAccessDenied,
                  "Untrusted certificate. Insufficient certificate",
                  "was checked before (version 3, CA:FALSE, digitalSignature, its signature)"},
        CauseCase{"Signature", 403, kAccessDenied, "Invalid signature", "was verified before"},
        CauseCase{"SessionName", 403, kAccessDenied, "Not authorized to set roleSessionName.", "",
                  Remedy::kLeaveOutSessionName},
        CauseCase{"TrustPolicy", 403, kAccessDenied,
                  "Unable to assume role for arn:aws:iam::1:role/x",
                  "the role's longest session (3600 s were asked for)"},
        CauseCase{"Subject", 403, kAccessDenied, "Unable to assume role for arn:aws:iam::1:role/x",
                  "rolesanywhere.amazonaws.com and CN="},
        CauseCase{"Revoked", 403, kAccessDenied, "The certificate was revoked",
                  "a revocation list"},
        CauseCase{"Disabled", 403, kAccessDenied, "Trust anchor is disabled", "enable it again"},
        CauseCase{"Duration", 400, "ValidationException",
                  "1 validation error detected: Value '43200' at 'durationSeconds' failed to "
                  "satisfy constraint: Member must have value less than or equal to 3600",
                  "3600 s were asked for: the profile may allow less"},
        CauseCase{"Arn", 400, "ValidationException",
                  "1 validation error detected: Value 'x' at 'profileArn' failed to satisfy",
                  "the ARN that was sent as profileArn"},
        CauseCase{"Member", 400, "ValidationException", "1 validation error detected",
                  "the message names it"},
        CauseCase{"NotFound", 404, "ResourceNotFoundException", "", "both must be enabled"}),
    [](const auto& each) { return each.param.name; });

TEST_F(LikelyCausesTest, OfAnUnknownRefusalNothingIsSaid) {
  EXPECT_EQ(Explain({403, kAccessDenied, "Mondays are off."}).hint, "");
}

}  // namespace
}  // namespace credmint
