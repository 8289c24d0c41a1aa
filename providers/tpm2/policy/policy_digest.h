// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/types.h>

#include "base/error.h"
#include "tpm2/device/tpm_hash.h"
#include "tpm2/policy/policy.h"

namespace credmint::tpm2 {

/// The digest to which steps lead (TPM 2.0 Part 3 section 23), computed without a TPM in `context`.
/// Takes PolicyAuthorize as a TPM does, whether it is signed or not: it forgets the steps before.
///
/// Fails with kUsage if the steps before a PolicyOR lead to none of its alternatives: nobody could
/// ever take such a policy.
Result<TPM2B_DIGEST> PolicyDigest(OSSL_LIB_CTX* context, const PolicySteps& steps,
                                  const TpmHash& hash);

}  // namespace credmint::tpm2
