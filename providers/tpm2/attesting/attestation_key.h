// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "base/error.h"
#include "base/secret.h"
#include "tpm2/device/tpm_object.h"

namespace credmint::tpm2 {

/// The key with which a TPM signs statements of its own (AK). It is restricted: it signs nothing
/// that a host could have made up.
struct AttestationKey {
  TpmObject object;
  TPM2B_PUBLIC area{};
};

/// Makes the attestation key, on P-256, which every TPM of a PC has. Like an endorsement key it is
/// not stored, since its template makes the same key each time.
///
/// It is in the endorsement hierarchy. So it needs no auth value but that one, and it survives
/// TPM2_Clear. In what it signs, the TPM does not obscure its firmware version and counters
/// (TPM 2.0 Part 1 section 36.7).
///
/// `auth` is the auth value of that hierarchy. Fails with kPinRequired, kPinIncorrect, kKeyUnusable
/// or kDevice.
Result<AttestationKey> CreateAttestationKey(const std::shared_ptr<Tpm>& tpm, const Secret& auth);

}  // namespace credmint::tpm2
