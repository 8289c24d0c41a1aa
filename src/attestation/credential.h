// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.h"
#include "ossl/handles.h"
#include "ossl/library_context.h"

namespace credmint {

/// Encrypts `secret`, at most 32 bytes, for a TPM that holds both the endorsement key and a key
/// named `name`. No other can decrypt it. A TPM does the same by its command MakeCredential
/// (TPM 2.0 Part 1 section 24), without a TPM.
///
/// `endorsement` is the public key of an EK certificate, of RSA with 2048 bits, or on P-256 or
/// P-384. Its other parameters are those of the TCG EK Credential Profile.
///
/// Returns the credential and the encrypted seed, each behind its size, one after the other. Fails
/// with kAttestation for other keys, and with kInternal.
Result<Bytes> MakeCredential(const LibraryContext& context, EVP_PKEY* endorsement, ByteView name,
                             ByteView secret);

}  // namespace credmint
