// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "common/digest_table.h"
#include "tpm2/device/tpm_object.h"

namespace credmint::tpm2 {

/// The public area in what Esys_TR_Serialize() writes about a persistent object or an NV index, as
/// the TPM sent it: a TPM2B_PUBLIC or TPM2B_NV_PUBLIC, with its size in front.
///
/// ESAPI asks the TPM for the public area when it looks an object up, and has no function that
/// gives it away; to ask again costs one more command. The form of the blob is not documented (in
/// tpm2-tss 3 and 4: handle, TPM2B_NAME, a type of four bytes, public area). So the area is
/// believed only if the name in the blob is its own (name algorithm, then the hash of the area,
/// TPM 2.0 Part 1 section 16). Nothing otherwise, or if the name algorithm is none of SHA-2.
std::optional<Bytes> AreaInSerialized(ByteView blob, provider::DigestTable& digests);

/// The same for an object that was opened. Sends nothing to the TPM.
std::optional<Bytes> KnownArea(Tpm& tpm, const TpmObject& object, provider::DigestTable& digests);

}  // namespace credmint::tpm2
