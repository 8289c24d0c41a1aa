// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/core.h>

namespace credmint::pkcs11 {

/// DECODER for files with the URI of a key (ossl/uri_file.h), for OpenSSL applications that receive
/// one as a private key (provider-decoder(7)). As for TPM key files there are two steps, PEM to DER
/// and DER to a key of one type.
///
/// The file does not tell the type, so the token is asked for it, once for each type that OpenSSL
/// tries. A refused PIN is not sent again.
const OSSL_DISPATCH* PemDecoder();
const OSSL_DISPATCH* RsaDecoder();
const OSSL_DISPATCH* EcDecoder();
const OSSL_DISPATCH* Ed25519Decoder();

}  // namespace credmint::pkcs11
