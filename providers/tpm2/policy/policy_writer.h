// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.h"
#include "ossl/handles.h"
#include "tpm2/policy/policy.h"

namespace credmint::tpm2 {

/// The inverse of ReadPolicy() and of one element of ReadSignedPolicies(): DER, for the fields
/// `policy` and `authPolicy` of a key file, without their explicit tags. Fail with kInternal if
/// tpm2-tss cannot marshal a step.
Result<Bytes> EncodePolicy(const PolicySteps& steps);
Result<Bytes> EncodeSignedPolicy(const SignedPolicy& policy);

}  // namespace credmint::tpm2
