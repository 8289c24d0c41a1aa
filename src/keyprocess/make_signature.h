// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.h"
#include "keyprocess/messages.h"
#include "ossl/handles.h"
#include "ossl/library_context.h"

namespace credmint::keyprocess {

/// Makes the signature that the other process asks for, with any EVP_PKEY. A device that hashes
/// itself gets the whole message, if the request has it. Fails with kKeyUnusable or as the key's
/// provider does.
Result<Bytes> MakeSignature(const LibraryContext& context, EVP_PKEY* key,
                            const SignMessage& request);

}  // namespace credmint::keyprocess
