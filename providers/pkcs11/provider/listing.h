// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "base/error.h"
#include "common/passphrase_callback.h"
#include "common/store_loader.h"
#include "pkcs11/load_request.h"
#include "pkcs11/object.h"
#include "pkcs11/provider/pkcs11_provider.h"

namespace credmint::pkcs11 {

/// Lists what a URI matches: the module, then each slot, followed by its token, then the token's
/// private keys, public keys and certificates.
///
/// With `log_in`, exactly one token must match, because a PIN belongs to one token; otherwise it
/// fails with kKeyAmbiguous. Without `log_in`, the list has public objects only.
///
/// Each description has these members, depending on its `kind`. Texts are UTF-8, ids are
/// hexadecimal, DER is in base64.
///
/// * module: path, description, manufacturer, version, cryptoki
/// * slot: number, description, manufacturer
/// * token: label, manufacturer, model, serial, flags; error if it cannot be read
/// * private-key: label, id, flags; publicKey (SubjectPublicKeyInfo) if known
/// * public-key: label, id, publicKey
/// * certificate: label, id, certificate
///
/// `flags` is a list of words. The flags of a token are `login-required`,
/// `protected-authentication-path`, `pin-count-low`, `pin-final-try`, `pin-locked`, `no-user-pin`
/// and `uninitialized`. Those of a key are `sensitive`, `extractable`, `sign` and
/// `always-authenticate`.
Result<std::vector<provider::ListedObject>> TakeInventory(
    const Pkcs11Provider& provider, const LoadRequest& request,
    const provider::PassphraseCallback& passphrase, bool log_in);

/// The entry of a token.
provider::ListedObject DescribeToken(const Slot& slot);

/// The entry of one private key, public key or certificate.
provider::ListedObject DescribeObject(const Session& session, CK_OBJECT_CLASS object_class,
                                      CK_OBJECT_HANDLE object, OSSL_LIB_CTX* context);

}  // namespace credmint::pkcs11
