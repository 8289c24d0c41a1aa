// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "common/digest_table.h"
#include "tpm2/device/tpm_object.h"

namespace credmint::tpm2 {

/// Extracts the public area from what TpmObject::Write() returns of a persistent object or an NV
/// index. The result is what the TPM sent: a TPM2B_PUBLIC or TPM2B_NV_PUBLIC, with its leading
/// size.
///
/// ESAPI asks the TPM for the public area when it opens an object, but has no function that returns
/// it. Asking again would take another command.
///
/// The format of the blob is undocumented. In tpm2-tss 3 and 4 it is: handle, TPM2B_NAME, a type of
/// four bytes, public area. The area is therefore trusted only if its name is the one in the blob.
/// A name consists of the name algorithm and the hash of the area (TPM 2.0 Part 1 section 16).
///
/// Returns nullopt otherwise, or if the name algorithm is not one of SHA-2.
std::optional<Bytes> AreaInSerialized(ByteView blob, provider::DigestTable& digests);

/// The public area of an open object. Sends nothing to the TPM.
std::optional<Bytes> KnownArea(const TpmObject& object, provider::DigestTable& digests);

}  // namespace credmint::tpm2
