// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/core.h>

namespace credmint::provider {

/// KEYMGMT for RSA, EC and Ed25519 keys, the same for every back end (provider-keymgmt(7)).
///
/// Handles the public half only, and refuses to export the private half. If it answered with a
/// public-only copy, OpenSSL would prefer its own provider for signing and fail there. The import
/// function accepts public keys, because OpenSSL's key comparison needs it. A back end whose
/// context makes a KeyGeneration also makes keys.
const OSSL_DISPATCH* RsaKeymgmt();
const OSSL_DISPATCH* EcKeymgmt();
const OSSL_DISPATCH* Ed25519Keymgmt();

}  // namespace credmint::provider
