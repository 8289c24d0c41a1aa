// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.h"
#include "common/passphrase_callback.h"
#include "common/store_loader.h"
#include "pkcs11/load_request.h"
#include "pkcs11/provider/pkcs11_provider.h"

namespace credmint::pkcs11 {

/// Finds the private key of a URI as for a signature, and repeats what its token says about it.
/// Nothing proves that: a program that plays a token can say the same.
///
/// The description has `publicKey`, if the token shows it, and `evidence`. That has these members,
/// as docs/reference/attestation.md describes them: kind ("claim"), token, and attributes. Members
/// for what the token does not show are omitted.
///
/// Fails as KeySearch::Find().
Result<provider::ListedObject> StateKey(const Pkcs11Provider& provider, const LoadRequest& request,
                                        const provider::PassphraseCallback& passphrase);

}  // namespace credmint::pkcs11
