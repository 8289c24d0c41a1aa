// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.h"
#include "identity/certificate_chain.h"
#include "rolesanywhere/service_error.h"
#include "rolesanywhere/session_request.h"

namespace credmint {

/// Sets the hint of a refusal (kServiceRefused) to its likely causes, the likeliest first. Each
/// message that users have reported (CONTRACT section 1.3) has its own. So have those that speak of
/// something revoked or disabled. The hint tells which checks came before, and what was sent: where
/// the chain ends, the subject, the duration. Any other refusal keeps its hint.
void SetLikelyCauses(const ServiceError& refusal, const SessionRequest& request,
                     const CertificateChain& chain, Error& error);

/// The hint for a refusal of which nothing is known.
inline constexpr const char* kLookIntoCloudTrail =
    "the event CreateSession in CloudTrail, in the trust anchor's region, may say more";

}  // namespace credmint
