// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/core.h>

namespace credmint::provider {

/// SIGNATURE of RSA (PKCS#1 v1.5 and PSS) and ECDSA, the same for every back end
/// (provider-signature(7)).
///
/// The message is hashed on the host. It goes with its digest to the private key, for devices that
/// want to hash it themselves, as far as it is at hand (SignatureRequest). Verification is done
/// with the public half by OpenSSL's default provider. SHA-224, -256, -384 and -512.
const OSSL_DISPATCH* RsaSignature();
const OSSL_DISPATCH* EcdsaSignature();

}  // namespace credmint::provider
