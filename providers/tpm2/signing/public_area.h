// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tss2/tss2_tpm2_types.h>

#include <optional>

#include "base/error.h"
#include "common/public_key.h"
#include "tpm2/signing/signing_scheme.h"

namespace credmint::tpm2 {

/// The kind of key that a TPM2B_PUBLIC describes; none for anything but RSA and EC.
std::optional<provider::KeyType> KeyTypeOf(const TPM2B_PUBLIC& area);

/// The public key of an RSA or EC key, whatever it may be used for. Fails with kKeyUnusable for
/// other objects, sizes and curves.
Result<provider::PublicKey> ReadPublicKey(const TPM2B_PUBLIC& area);

/// What the public area of a TPM object says about a key that can sign for us.
struct PublicArea {
  provider::PublicKey public_key;
  SigningScheme scheme;
  bool has_policy = false;    ///< it can be used under a policy
  bool needs_policy = false;  ///< it can be used in no other way
  /// An auth value allows its use (it may be the empty one), and wrong ones are counted.
  bool counts_tries = false;
};

/// Reads and judges a public area, without a TPM. Fails with kKeyUnusable, and a hint what to
/// create instead, for an object that cannot sign a digest made on the host: storage and decryption
/// keys, restricted signing keys, keys that can be used in no way at all, other algorithms, curves,
/// sizes and schemes than RSASSA and RSAPSS with 2048, 3072 or 4096 bits and ECDSA on P-256, P-384
/// and P-521. Fails with kMalformed for numbers of impossible length.
Result<PublicArea> ReadPublicArea(const TPM2B_PUBLIC& area);

/// The same for a key that is known by its handle alone: fails for one that needs a policy, too,
/// because only key files say what their policy is.
Result<PublicArea> ReadPersistentPublicArea(const TPM2B_PUBLIC& area);

}  // namespace credmint::tpm2
