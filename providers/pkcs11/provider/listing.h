// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "base/error.h"
#include "common/passphrase_callback.h"
#include "common/store_loader.h"
#include "pkcs11/load_request.h"
#include "pkcs11/provider/pkcs11_provider.h"

namespace credmint::pkcs11 {

/// What a URI matches: the module, then each slot, followed by its token, followed by the token's
/// private keys, public keys and certificates. With `log_in` exactly one token must match
/// (kKeyAmbiguous), because a PIN is for one token; without it, only what is public is there.
///
/// Descriptions, by their `kind` (text is UTF-8, ids are hexadecimal):
///
/// | kind | members |
/// |---|---|
/// | module | path, description, manufacturer, version, cryptoki |
/// | slot | number, description, manufacturer |
/// | token | label, manufacturer, model, serial, flags, error (if it cannot be read) |
/// | private-key | label, id, flags, publicKey (SubjectPublicKeyInfo, base64; if known) |
/// | public-key | label, id, publicKey |
/// | certificate | label, id, certificate (DER, base64) |
///
/// `flags` is a list of words: of a token login-required, protected-authentication-path,
/// pin-count-low, pin-final-try, pin-locked, no-user-pin, uninitialized; of a key sensitive,
/// extractable, sign, always-authenticate.
Result<std::vector<provider::ListedObject>> TakeInventory(
    const Pkcs11Provider& provider, const LoadRequest& request,
    const provider::PassphraseCallback& passphrase, bool log_in);

}  // namespace credmint::pkcs11
