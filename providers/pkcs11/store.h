#pragma once

#include <openssl/core.h>

namespace credmint::pkcs11 {

/// STORE for the scheme "pkcs11" (provider-storemgmt(7)): RFC 7512 URIs.
///
/// Opening only parses; the module is loaded and the token asked at the first load. Emits private
/// and public keys by reference and certificates as DER.
///
/// Module: parameter "pkcs11-module-path", else the URI's module-path or module-name, else the
/// setting of that name in openssl.cnf, else p11-kit's proxy. PIN: the URI's pin-value or
/// pin-source, else the caller's passphrase callback. Context-specific PIN of an
/// always-authenticate key: parameter "pkcs11-context-pin" (empty: fail with kContextPinRequired),
/// else the callback, where OpenSSL repeats the token PIN.
const OSSL_DISPATCH* Store();

}  // namespace credmint::pkcs11
