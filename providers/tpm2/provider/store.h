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
/// * "tpm2-store-certificate" (octets, DER, one after the other): write these certificates into the
///   NV index (nv_writer.h), and return its name. "tpm2-overwrite" allows replacing those of
///   another key. "tpm2-owner-auth" (octets) is the auth value of the owner hierarchy.
/// * "tpm2-inventory": return names with descriptions (listing.h) of what the URI names or, with
///   nothing behind the scheme, of all that is in the TPM.
/// * "tpm2-public-key" (octets, DER SubjectPublicKeyInfo, one after the other): "handle:" with
/// nothing
///   behind it is then the persistent key with one of these public halves (persistent_search.h).
/// * "tpm2-create-key" (UTF-8, the type, such as "ec-p256"): make a key (tpm_key_maker.h), and
/// return
///   its name. It stays at the handle of the URI, or "tss2:" returns the contents of its file.
/// * "tpm2-key-parent" (UTF-8, "0x81000001"), "tpm2-key-pcrs" (UTF-8, "sha256:0,7"),
///   "tpm2-key-policy" (octets, policy_text.h), "tpm2-key-noda" (UTF-8, "1"), and "tpm2-key-auth"
///   (octets): the new key's parent, the PCRs to bind it to, the first steps of its policy, no
///   counting of wrong tries, and its auth value. By default it is below the owner
///   hierarchy's primary.
/// * "tpm2-key-authority" (UTF-8, "1"): the key can be used only under policies that the key in
///   "tpm2-policy-signer" has signed.
/// * "tpm2-sign-policy" (UTF-8, "1", or "keep" for the earlier ones): have that key sign the policy
///   in "tpm2-key-policy" and "tpm2-key-pcrs" for the key file, and return its new contents.
/// * "tpm2-delete-key" (UTF-8, "1"): remove the key at the handle (tpm_key_remover.h), and return
/// its
///   name. "look" returns the same and removes nothing.
/// * "tpm2-owner-auth" (octets): the auth value of the owner hierarchy, for these changes.
/// * "tpm2-attest" (octets, a nonce): have the TPM certify the key, and return the evidence
///   (key_attester.h). "tpm2-challenge" (octets) returns the answer to a verifier's challenge.
///   "tpm2-endorsement-auth" (octets) is the auth value of the endorsement hierarchy for both.
const OSSL_DISPATCH* HandleStore();
const OSSL_DISPATCH* NvStore();
const OSSL_DISPATCH* Tss2Store();

}  // namespace credmint::tpm2
