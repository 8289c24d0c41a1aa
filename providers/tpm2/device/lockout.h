// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.h"
#include "tpm2/device/tpm.h"

namespace credmint::tpm2 {

/// Fails as the TPM would in a lockout (kLockedOut), so that no auth value needs to be sent to
/// learn of it. One TPM command.
Result<void> CheckIsNotLocked(Tpm& tpm);

}  // namespace credmint::tpm2
