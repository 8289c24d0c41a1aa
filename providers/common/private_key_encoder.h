// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/core.h>

namespace credmint::provider {

/// ENCODER for private keys, in PEM (provider-encoder(7)). It writes what leads to the key again,
/// Key::file, and never the key itself. Fails with kKeyUnusable for a key without it.
///
/// Its structure must be called PrivateKeyInfo, because PEM_write_bio_PrivateKey() looks for that.
const OSSL_DISPATCH* PrivateKeyEncoder();

}  // namespace credmint::provider
