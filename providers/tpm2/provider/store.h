// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/core.h>

namespace credmint::tpm2 {

/// STOREs for the schemes "handle" (a persistent TPM key, handle_uri.h), "nv" (certificates in an
/// NV index, nv_uri.h) and "tss2" (a key file). A key file is named by the path behind "tss2:" or
/// given through OSSL_STORE_attach. See provider-storemgmt(7).
///
/// Opening only parses. Loading uses the TPM and returns one private key, or certificates. Keys
/// cannot be exported into other providers, which would mistake the public half for the whole.
///
/// Parameters:
///
/// * "tcti" (UTF-8): the TPM to use.
/// * "tpm2-parent-auth" (octets): the auth value of the key's parent, or of the owner for an NV
///   index that only the owner can read.
/// * "tpm2-policy-auth" (octets): the auth value of the object that the key's policy names by
///   PolicySecret.
/// * "tpm2-policy-signer" (octets): the address of an EVP_PKEY * that signs for the policy's
///   PolicySigned. The store takes a reference to it.
/// * "tpm2-has-auth": ask for the auth value of a key file, whatever the file says.
/// * "tpm2-ask-auth": ask (kTpmAuthIfAny) for the auth value of a handle if an empty one could
///   count as a wrong try.
/// * "tpm2-inventory": return names with descriptions (listing.h) of what the URI names or, with
///   nothing behind the scheme, of all that is in the TPM.
const OSSL_DISPATCH* HandleStore();
const OSSL_DISPATCH* NvStore();
const OSSL_DISPATCH* Tss2Store();

}  // namespace credmint::tpm2
