// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/evp.h>

#include "base/error.h"
#include "tpm2/device/tpm_hash.h"
#include "tpm2/policy/policy.h"

namespace credmint::tpm2 {

/// The place for policies that the owner of `authority` signs. Only its public half is used. The
/// policyRef is random, so a policy that is signed for one TPM key is good for no other. Fails with
/// kKeyUnusable for a key that a TPM does not know.
Result<PolicyAuthorize> MakePlaceholder(const EVP_PKEY* authority);

/// Signs steps for a TPM key with that place and that name algorithm, `hash`. The result ends with
/// the signed PolicyAuthorize. Fails with kUsage if `authority` is not the key of `placeholder`,
/// and with its error if it does not sign.
Result<SignedPolicy> SignSteps(PolicySteps steps, const PolicyAuthorize& placeholder,
                               const TpmHash& hash, EVP_PKEY* authority, OSSL_LIB_CTX* context);

}  // namespace credmint::tpm2
