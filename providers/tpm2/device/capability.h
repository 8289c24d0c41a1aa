// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <vector>

#include "tpm2/device/tpm.h"

namespace credmint::tpm2 {

/// The handles in use from `first` to the end of its range (TPM2_PERSISTENT_FIRST,
/// TPM2_NV_INDEX_FIRST), in ascending order. TPM commands: one for each 64 handles, at least one.
TpmResult<std::vector<TPM2_HANDLE>> ListHandles(Tpm& tpm, TPM2_HANDLE first);

/// Reads `count` properties from `first` on (TPM2_PT_…). The result has those that the TPM knows.
/// One TPM command.
TpmResult<std::map<TPM2_PT, UINT32>> ReadProperties(Tpm& tpm, TPM2_PT first, UINT32 count);

}  // namespace credmint::tpm2
