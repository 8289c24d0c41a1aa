// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/core.h>

namespace credmint::provider {

/// SIGNATURE of Ed25519 (RFC 8032 section 5.1) without prehashing, the same for every back end
/// (provider-signature(7)).
///
/// The device hashes the message itself, twice, so that it must come in one piece: only the
/// one-shot EVP_DigestSign and EVP_DigestVerify work, and a digest must not be named, as with
/// OpenSSL's own Ed25519. Verification is done by OpenSSL's default provider.
const OSSL_DISPATCH* Ed25519Signature();

}  // namespace credmint::provider
