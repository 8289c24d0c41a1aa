// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "base/error.h"
#include "common/passphrase_callback.h"
#include "common/store_loader.h"
#include "pkcs11/key_template.h"
#include "pkcs11/load_request.h"
#include "pkcs11/provider/pkcs11_provider.h"

namespace credmint::pkcs11 {

/// Makes a key pair on the token of a URI, and returns its private key as a list does (listing.h).
/// The URI's `object` becomes the label of both halves. `id` is their CKA_ID; if it is empty, they
/// get that of the URI, or else KeyIdentifier().
///
/// The private key is sensitive and not extractable, and only signs. The token is asked what it
/// really made. Anything else is removed again, and reported with kKeyUnusable.
///
/// While a key has not got its id, both halves have the label "LABEL (unfinished)". The next run
/// with this label removes such keys, which a killed process left.
///
/// With `beside`, `id` is required, and a key of another id may have the label. Public keys of that
/// id without a private one are the leavings of a killed process then, and are removed.
///
/// Nothing is ever overwritten. Fails with:
///
/// * kUsage if a private key has this label or id, or if the URI names no object
/// * kKeyUnusable if the token cannot make such a key; the hint says what it can make
/// * kKeyNotFound, kKeyAmbiguous and the codes of a login, as KeySearch
Result<std::vector<provider::ListedObject>> MakeKey(const Pkcs11Provider& provider,
                                                    const LoadRequest& request,
                                                    const provider::PassphraseCallback& passphrase,
                                                    const NewKeyType& type, Bytes id, bool beside);

}  // namespace credmint::pkcs11
