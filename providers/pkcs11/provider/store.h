// SPDX-License-Identifier: Apache-2.0
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
///
/// Further parameters: "pkcs11-public-key" (octets, DER SubjectPublicKeyInfo, one after the other),
/// of several private keys that match take the one with one of these public halves;
/// "pkcs11-inventory" ("public", or "all" to log in first), emit names with descriptions
/// (inventory.h) instead of objects. "1" in one of these, also as a setting in openssl.cnf,
/// permits: "pkcs11-allow-final-try", to send a PIN although one more wrong one locks the token;
/// "pkcs11-remember-pin", to keep the PIN in memory for a login after a loss.
const OSSL_DISPATCH* Store();

}  // namespace credmint::pkcs11
