// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tss2/tss2_tpm2_types.h>

#include <optional>

#include "base/error.h"
#include "common/public_key.h"
#include "tpm2/signing/signing_scheme.h"

namespace credmint::tpm2 {

/// The type of the key that a TPM2B_PUBLIC describes; nullopt unless it is RSA or EC.
std::optional<provider::KeyType> KeyTypeOf(const TPM2B_PUBLIC& area);

/// The public key of an RSA or EC key, whatever its permitted uses. Fails with kKeyUnusable for
/// other objects, sizes and curves.
Result<provider::PublicKey> ReadPublicKey(const TPM2B_PUBLIC& area);

/// The inverse, for a key outside the TPM that verifies signatures for it. The area, and so the
/// name, is the one of tpm2_loadexternal. Fails with kKeyUnusable for a key that is not as above.
Result<TPM2B_PUBLIC> ExternalPublicArea(const provider::PublicKey& key);

/// A signing key, as described by the public area of a TPM object.
struct PublicArea {
  provider::PublicKey public_key;
  SigningScheme scheme;
  bool has_policy = false;    ///< usable under a policy
  bool needs_policy = false;  ///< usable only under a policy
  /// An auth value, possibly empty, allows its use, and wrong ones are counted.
  bool counts_tries = false;
};

/// Reads and checks a public area, without a TPM.
///
/// Fails with kKeyUnusable if the object cannot sign a digest made on the host. That rules out
/// storage and decryption keys, restricted signing keys, and keys that nothing can authorise. The
/// hint says what to create instead. Supported are RSASSA and RSAPSS with 2048, 3072 or 4096 bits,
/// and ECDSA on P-256, P-384 and P-521.
///
/// Fails with kMalformed for numbers of impossible length.
Result<PublicArea> ReadPublicArea(const TPM2B_PUBLIC& area);

/// Like ReadPublicArea(), for a key known only by its handle. Also fails for a key that needs a
/// policy, because only a key file says what its policy is.
Result<PublicArea> ReadPersistentPublicArea(const TPM2B_PUBLIC& area);

}  // namespace credmint::tpm2
