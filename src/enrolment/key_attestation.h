// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/error.h"
#include "base/secret.h"
#include "identity/key_opener.h"
#include "identity/key_reference.h"
#include "ossl/handles.h"

namespace credmint {

/// Has the device of a key state where the key is, for a verifier's `nonce`, and returns the file
/// for the verifier (attestation_file.h). A TPM proves it. A token can only claim it, so its key
/// signs the nonce as well, which shows at least who holds it.
///
/// `endorsement_auth` is the secret that a TPM's identity is used with; empty if it has none. Fails
/// with kKeyUnusable for a key that can be copied, as KeyOpener::Change(), and as a signature.
Result<std::string> AttestKey(KeyOpener& keys, KeyReference reference, Bytes nonce,
                              Secret endorsement_auth);

/// Has the device of a key answer a verifier's challenge, a file, and returns the file with the
/// answer. Fails with kAttestation if it is no challenge for this device, and with kUsage if the
/// back end answers none.
Result<std::string> AnswerChallenge(KeyOpener& keys, KeyReference reference,
                                    std::string_view challenge, Secret endorsement_auth);

}  // namespace credmint
