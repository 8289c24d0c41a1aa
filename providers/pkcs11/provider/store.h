// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/core.h>

namespace credmint::pkcs11 {

/// STORE for the scheme "pkcs11" (provider-storemgmt(7)): RFC 7512 URIs.
///
/// Opening only parses the URI. The first load loads the module and asks the token. Private and
/// public keys are returned by reference, certificates as DER.
///
/// Each of these comes from the first source that has it:
///
/// * The module: parameter "pkcs11-module-path", the URI's module-path or module-name, the setting
///   pkcs11-module-path in openssl.cnf, p11-kit's proxy.
/// * The PIN: the URI's pin-value or pin-source, the caller's passphrase callback.
/// * The context-specific PIN of an always-authenticate key: parameter "pkcs11-context-pin", the
///   callback. An empty parameter makes the load fail with kContextPinRequired. For the callback,
///   OpenSSL repeats the token PIN.
///
/// Further parameters:
///
/// * "pkcs11-public-key" (octets, DER SubjectPublicKeyInfo, one after the other): of several
///   matching private keys, take the one with one of these public halves.
/// * "pkcs11-opening-began" (nanoseconds of the steady clock): the load belongs to the opening of a
///   key and its certificates that began then. The slots that a load has seen since are not asked
///   again.
/// * "pkcs11-inventory" ("public", or "all" to log in first): return names with descriptions
///   (listing.h) instead of objects.
/// * "pkcs11-create-key" (the type, such as "ec-p256"): make a key (key_maker.h), with the CKA_ID
/// in
///   "pkcs11-key-id" (octets), and return its name. "pkcs11-key-beside" ("1") allows another key
///   with the same label.
/// * "pkcs11-delete-key" ("1"): remove the key (key_remover.h), and return the names of what was
///   removed and what stays. "look" returns the same and removes nothing.
/// * "pkcs11-store-certificate" (octets, DER, the certificate of a key and its issuers, one after
///   the other): write them (certificate_writer.h), and return the name of the first.
///   "pkcs11-keep-certificates" ("1") keeps the earlier ones. "pkcs11-replaced-certificate"
///   (octets, DER) is one of another key that the first may replace.
/// * "pkcs11-attest" (octets, a nonce, which a token does not use): return what the token says of
///   the key (key_statement.h).
/// * "pkcs11-init-so-pin" and "pkcs11-init-user-pin" (octets): make a token (token_maker.h), and
///   return its name.
/// * "pkcs11-allow-final-try" ("1", also as a setting in openssl.cnf): send a PIN even if one more
///   wrong one locks the token.
/// * "pkcs11-remember-pin" ("1", also as a setting in openssl.cnf): keep the PIN in memory, for a
///   login after a loss.
const OSSL_DISPATCH* Store();

}  // namespace credmint::pkcs11
