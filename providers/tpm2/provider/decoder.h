// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/core.h>

namespace credmint::tpm2 {

/// DECODER of TPM key files, for OpenSSL applications that are given one where a private key is
/// expected (provider-decoder(7)). OpenSSL's own PEM decoder passes only the labels it knows on, so
/// there are two steps: PEM with the label "TSS2 PRIVATE KEY" to DER, structure "TSS2"; and that
/// DER to a key, once for RSA and once for EC.
///
/// OpenSSL tries every decoder on every input: what is not ours is passed over in silence, and the
/// type is taken from the file's public area before the TPM is touched.
const OSSL_DISPATCH* PemDecoder();
const OSSL_DISPATCH* RsaDecoder();
const OSSL_DISPATCH* EcDecoder();

}  // namespace credmint::tpm2
