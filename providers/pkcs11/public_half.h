// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/crypto.h>

#include <optional>
#include <vector>

#include "base/secret.h"
#include "pkcs11/key_search.h"
#include "pkcs11/object.h"

namespace credmint::pkcs11 {

/// Finds the public half of a private key if the token shows none with the key's id or label. Some
/// tools, such as p11tool and pkcs11-tool, write such EC keys. A signature tells which of several
/// public keys it is.

/// The public keys that may belong to the private key, by its type and, if the token shows it, its
/// curve. They are chosen from `given`, or from all public keys and certificates that `session`
/// shows if `given` is empty.
std::vector<provider::PublicKey> PossiblePublicKeys(const Session& session, CK_OBJECT_HANDLE object,
                                                    CK_KEY_TYPE type,
                                                    const std::vector<provider::PublicKey>& given);

/// Makes a signature and returns the one of `found.possible` that verifies it, using `context`.
/// `context_pin` is for a key that needs a PIN for each signature.
///
/// Fails with kKeyMismatch if none verifies it, and as TokenKey::Sign() does.
Result<provider::PublicKey> ProvePublicKey(OSSL_LIB_CTX* context, const FoundKey& found,
                                           const std::optional<Secret>& context_pin,
                                           bool allow_final_try);

}  // namespace credmint::pkcs11
