#pragma once

#include <openssl/core.h>

namespace credmint::provider {

/// SIGNATURE of RSA (PKCS#1 v1.5) and ECDSA, the same for every back end (provider-signature(7)).
///
/// The message is always hashed on the host; the device sees one digest per signature. Verification
/// is done with the public half by OpenSSL's default provider. SHA-224, -256, -384 and -512.
const OSSL_DISPATCH* Signature();

}  // namespace credmint::provider
