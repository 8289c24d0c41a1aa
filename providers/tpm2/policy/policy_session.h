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

/// What a policy may want beside the auth value of its key.
struct PolicyCredentials {
  Secret auth;                       ///< of what PolicySecret names; empty if it has none
  std::shared_ptr<EVP_PKEY> signer;  ///< the private key of PolicySigned, if there is one
  OSSL_LIB_CTX* context = nullptr;   ///< the library context in which `signer` signs
};

/// Takes the steps of `policy` in `session`, a new policy session or one that was just used, so
/// that it can authorise one command. Of the signed policies, the first one that is met is taken.
/// Whether one of the steps taken wants the key's auth value.
///
/// TPM commands: one for each step; PolicyAuthorize takes five, PolicySigned three, PolicySecret
/// one more for a persistent object and those for an encrypted session if the connection has none
/// yet.
///
/// Fails with kPolicyUnmet when the TPM does not find the policy met, and names the PCRs if it is
/// about them; with kPinRequired and kPinIncorrect about the auth value of PolicySecret; with
/// kKeyUnusable without a signer where one is needed; with kDeviceLost if the session is gone, and
/// with the TPM's other errors. After a failure the session cannot be used any more.
///
/// A policy with several PolicyPCR is begun anew when a PCR is extended between them.
Result<bool> SatisfyPolicy(const std::shared_ptr<Tpm>& tpm, ESYS_TR session, const Policy& policy,
                           const PolicyCredentials& credentials);

/// Takes back what was satisfied in a policy session.
TpmResult<void> RestartPolicy(Tpm& tpm, ESYS_TR session);

/// How often the steps are taken when a PCR is extended between PolicyPCR and the use of the key.
/// The TPM counts extensions of all PCRs but a few, also of those that the policy does not name
/// (TPM 2.0 Part 3 section 23.7), and Linux extends PCR 10 whenever IMA measures a file.
inline constexpr int kPolicyAttempts = 8;

}  // namespace credmint::tpm2
