// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.h"
#include "base/secret.h"
#include "ossl/library_context.h"
#include "ossl/read_store.h"

namespace credmint {

/// Whether a file is PKCS#12 in DER.
bool IsPkcs12(const Secret& contents);

/// All keys or all certificates of a PKCS#12 file, in its order, but for the certificates that are
/// marked as those of keys, which come first. OpenSSL's store knows only the first key and wants a
/// MAC, which some programs leave out. The passphrase is asked for where an empty one does not fit.
///
/// Fails with kKeyUnusable and a way out when OpenSSL has an algorithm only in its legacy provider,
/// kPinIncorrect when the passphrase is wrong, kMalformed when the file is damaged, kKeyNotFound
/// when nothing of that kind is in it, and with the passphrase function's error.
Result<StoreContents> ReadPkcs12(const LibraryContext& context, const Secret& contents,
                                 StoreExpect expect, const PassphraseFunction& passphrase);

}  // namespace credmint
