#pragma once

#include <openssl/core.h>

namespace credmint::tpm2 {

/// STORE of the schemes "handle" (a persistent TPM key, handle_uri.h) and "tss2" (a key file: the
/// path behind "tss2:", or any contents through OSSL_STORE_attach). See provider-storemgmt(7).
///
/// Opening parses, loading touches the TPM and yields one private key. Takes the parameter "tcti"
/// (UTF-8), the TPM to use. Offers no export of the key into other providers: they would take the
/// public half for the whole.
const OSSL_DISPATCH* HandleStore();
const OSSL_DISPATCH* Tss2Store();

}  // namespace credmint::tpm2
