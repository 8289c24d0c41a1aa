// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/core.h>

namespace credmint::provider {

/// SIGNATURE for Ed25519 (RFC 8032 section 5.1) without prehashing, the same for every back end
/// (provider-signature(7)).
///
/// The device hashes the message twice, so the message must come in one piece. Only the one-shot
/// EVP_DigestSign and EVP_DigestVerify work. As with OpenSSL's own Ed25519, no digest may be named.
/// OpenSSL's default provider does the verification.
const OSSL_DISPATCH* Ed25519Signature();

}  // namespace credmint::provider
