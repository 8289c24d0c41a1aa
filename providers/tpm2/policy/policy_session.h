// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/evp.h>
#include <tss2/tss2_esys.h>

#include <memory>

#include "base/error.h"
#include "base/secret.h"
#include "tpm2/device/tpm.h"
#include "tpm2/policy/policy.h"

namespace credmint::tpm2 {

/// Credentials that a policy may require in addition to its key's auth value.
struct PolicyCredentials {
  Secret auth;  ///< of the object that PolicySecret names; empty if it has none
  std::shared_ptr<EVP_PKEY> signer;  ///< the private key for PolicySigned, or null
  OSSL_LIB_CTX* context = nullptr;   ///< the library context in which `signer` signs
};

/// Takes the steps of `policy` in `session`, so that the session can authorise one command. The
/// session is a new policy session, or one that was just used. Uses the first signed policy that is
/// met. Returns whether one of the steps taken wants the key's auth value.
///
/// TPM commands: one for each step. PolicyAuthorize takes five and PolicySigned three. PolicySecret
/// takes one more for a persistent object, and those for an encrypted session if the connection has
/// none yet.
///
/// Fails with:
///
/// * kPolicyUnmet if the policy is not met, naming the PCRs if they are the reason
/// * kPinRequired or kPinIncorrect for the auth value of PolicySecret
/// * kKeyUnusable if a signer is needed and missing
/// * kDeviceLost if the session is gone
/// * the TPM's other errors
///
/// After a failure the session is unusable. If a PCR is extended between the steps of a policy with
/// several PolicyPCR, the policy starts over.
Result<bool> SatisfyPolicy(const std::shared_ptr<Tpm>& tpm, ESYS_TR session, const Policy& policy,
                           const PolicyCredentials& credentials);

/// The digest of the steps that a policy session has taken. One TPM command.
TpmResult<TPM2B_DIGEST> ReadPolicyDigest(Tpm& tpm, ESYS_TR session);

/// Undoes all steps in a policy session.
TpmResult<void> RestartPolicy(Tpm& tpm, ESYS_TR session);

/// How often the steps are taken if a PCR is extended between PolicyPCR and the use of the key.
///
/// The TPM counts extensions of almost all PCRs, even those that the policy does not name (TPM 2.0
/// Part 3 section 23.7). Linux extends PCR 10 whenever IMA measures a file.
inline constexpr int kPolicyAttempts = 8;

}  // namespace credmint::tpm2
