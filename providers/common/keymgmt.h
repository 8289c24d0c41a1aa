// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/core.h>

namespace credmint::provider {

/// KEYMGMT of RSA, EC and Ed25519 keys, the same for every back end (provider-keymgmt(7)).
///
/// Answers for the public half only. An export that asks for the private half is refused: answering
/// it with a public-only copy would make OpenSSL prefer its own provider for signing and fail
/// there. import() exists, for public keys, because OpenSSL's comparison of keys needs it.
const OSSL_DISPATCH* RsaKeymgmt();
const OSSL_DISPATCH* EcKeymgmt();
const OSSL_DISPATCH* Ed25519Keymgmt();

}  // namespace credmint::provider
