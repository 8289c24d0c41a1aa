// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/crypto.h>

#include <optional>
#include <vector>

#include "base/secret.h"
#include "pkcs11/key_search.h"
#include "pkcs11/object.h"

namespace credmint::pkcs11 {

/// The public half of a private key of which the token shows none that goes by its id or label
/// (p11tool and pkcs11-tool write such EC keys). A signature tells which of several it is.

/// The public keys that the private key may have, by its type and, where the token tells it, its
/// curve: of `given` or, if none is given, of all public keys and certificates that `session`
/// shows.
std::vector<provider::PublicKey> PossiblePublicKeys(const Session& session, CK_OBJECT_HANDLE object,
                                                    CK_KEY_TYPE type,
                                                    const std::vector<provider::PublicKey>& given);

/// The one of `found.possible` that a signature made now belongs to; `context` verifies it. A key
/// that wants a PIN for each signature is given `context_pin`. Fails with kKeyMismatch if it is
/// none of them, and as TokenKey::Sign does.
Result<provider::PublicKey> ProvePublicKey(OSSL_LIB_CTX* context, const FoundKey& found,
                                           const std::optional<Secret>& context_pin,
                                           bool allow_final_try);

}  // namespace credmint::pkcs11
