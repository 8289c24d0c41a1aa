// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/core.h>

namespace credmint::provider {

/// SIGNATURE for RSA (PKCS#1 v1.5 and PSS) and ECDSA, the same for every back end
/// (provider-signature(7)).
///
/// Hashes the message on the host with SHA-224, -256, -384 or -512. The private key gets the
/// digest, and also the message where it is still available, for devices that must hash it
/// themselves (SignatureRequest). OpenSSL's default provider verifies with the public half.
const OSSL_DISPATCH* RsaSignature();
const OSSL_DISPATCH* EcdsaSignature();

}  // namespace credmint::provider
