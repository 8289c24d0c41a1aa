// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tss2/tss2_tpm2_types.h>

#include "base/error.h"
#include "common/digest_table.h"
#include "tpm2/device/tpm.h"

namespace credmint::tpm2 {

/// The SHA-256 digest of the present values of PCRs, as TPM2_PolicyPCR wants it. One TPM command
/// for each eight PCRs. Fails with kUsage if the TPM does not have one of them.
Result<TPM2B_DIGEST> HashPcrs(Tpm& tpm, const TPML_PCR_SELECTION& selection,
                              provider::DigestTable& digests);

}  // namespace credmint::tpm2
