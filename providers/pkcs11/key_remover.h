// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "base/error.h"
#include "common/passphrase_callback.h"
#include "common/store_loader.h"
#include "pkcs11/load_request.h"
#include "pkcs11/provider/pkcs11_provider.h"

namespace credmint::pkcs11 {

/// Finds the private key of a URI, which must have `object` or `id`. With `remove`, removes it with
/// the public keys of the same CKA_ID. Certificates stay, since they hold nothing secret, and a CA
/// may want them back.
///
/// Returns entries as listing.h describes them: the private key, its public keys, and then the
/// certificates that stay. Public keys go first, so that after a kill the private key is still
/// found, and can be removed again.
///
/// Fails with kUsage if the URI names no key, and with kKeyNotFound or kKeyAmbiguous.
Result<std::vector<provider::ListedObject>> RemoveKey(
    const Pkcs11Provider& provider, const LoadRequest& request,
    const provider::PassphraseCallback& passphrase, bool remove);

}  // namespace credmint::pkcs11
