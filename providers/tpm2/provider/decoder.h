// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/core.h>

namespace credmint::tpm2 {

/// DECODER for TPM key files, for OpenSSL applications that receive one as a private key
/// (provider-decoder(7)).
///
/// OpenSSL's own PEM decoder passes on only the labels it knows, so there are two steps. The first
/// turns PEM with the label "TSS2 PRIVATE KEY" into DER with the structure "TSS2". The second turns
/// that DER into a key, once for RSA and once for EC.
///
/// OpenSSL tries every decoder on every input. Foreign input is therefore passed over silently, and
/// the type is taken from the file's public area before the TPM is used.
const OSSL_DISPATCH* PemDecoder();
const OSSL_DISPATCH* RsaDecoder();
const OSSL_DISPATCH* EcDecoder();

}  // namespace credmint::tpm2
