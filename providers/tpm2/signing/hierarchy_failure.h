// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tss2/tss2_tpm2_types.h>

#include "base/error.h"
#include "base/secret.h"
#include "tpm2/device/tpm_error.h"

namespace credmint::tpm2 {

/// The failure of something that the owner or the endorsement hierarchy (TPM2_RH_…) authorises with
/// the auth value `auth`. Says that the value is missing (kPinRequired) or wrong (kPinIncorrect),
/// if that is the reason.
Error HierarchyFailure(TPM2_HANDLE hierarchy, const TpmFailure& failure, const Secret& auth);

}  // namespace credmint::tpm2
