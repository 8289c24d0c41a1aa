// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/core.h>

namespace credmint::tpm2 {

/// STORE of the schemes "handle" (a persistent TPM key, handle_uri.h), "nv" (certificates in an NV
/// index, nv_uri.h) and "tss2" (a key file: the path behind "tss2:", or any contents through
/// OSSL_STORE_attach). See provider-storemgmt(7).
///
/// Opening parses, loading touches the TPM and yields one private key, or certificates. Takes the
/// parameters "tcti" (UTF-8), the TPM to use; "tpm2-parent-auth" (octets), the auth value of the
/// key's parent, or of the owner for an NV index that is the owner's to read; "tpm2-policy-auth"
/// (octets), that of what the key's policy names by PolicySecret; "tpm2-policy-signer" (octets),
/// the address of an EVP_PKEY * that signs for its PolicySigned, of which a reference is taken;
/// "tpm2-has-auth": to ask for a key file's auth value whatever the file says; "tpm2-ask-auth": to
/// ask (kTpmAuthIfAny) for that of a handle where an empty one could count as a wrong try; and
/// "tpm2-inventory": to emit names with descriptions (inventory.h) instead, of what the URI names
/// or, with nothing behind the scheme, of all that is in the TPM. Offers no export of the key into
/// other providers: they would take the public half for the whole.
const OSSL_DISPATCH* HandleStore();
const OSSL_DISPATCH* NvStore();
const OSSL_DISPATCH* Tss2Store();

}  // namespace credmint::tpm2
