// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/evp.h>
#include <tss2/tss2_tpm2_types.h>

#include "base/error.h"

namespace credmint::tpm2 {

/// Signs one use of a key for TPM2_PolicySigned (TPM 2.0 Part 3 section 23.3). The signature covers
/// the nonceTPM of the policy session, an expiration of zero (none), no cpHashA, and the policyRef.
///
/// Uses RSASSA or ECDSA with the hash fixed in `key`, the public half, or SHA-256 if it has none.
/// `context` is the library context to sign in. Fails with kKeyUnusable for other kinds of keys,
/// and with the error of `signer`.
Result<TPMT_SIGNATURE> SignUse(EVP_PKEY* signer, OSSL_LIB_CTX* context, const TPM2B_PUBLIC& key,
                               const TPM2B_NONCE& nonce, const TPM2B_NONCE& policy_ref);

/// Signs a policy, by its digest, for TPM2_PolicyAuthorize. Otherwise as SignUse().
Result<TPMT_SIGNATURE> SignPolicy(EVP_PKEY* signer, OSSL_LIB_CTX* context, const TPM2B_PUBLIC& key,
                                  const TPM2B_DIGEST& policy, const TPM2B_NONCE& policy_ref);

/// The digest that is signed to authorise a policy (TPM 2.0 Part 3 section 23.16). It is the hash
/// of the policy's digest and the policyRef, with the signature's hash algorithm. Fails with
/// kKeyUnusable for an unknown algorithm.
Result<TPM2B_DIGEST> DigestToAuthorize(OSSL_LIB_CTX* context, const TPMT_SIGNATURE& signature,
                                       const TPM2B_DIGEST& policy, const TPM2B_NONCE& policy_ref);

}  // namespace credmint::tpm2
