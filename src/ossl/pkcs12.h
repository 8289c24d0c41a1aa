// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.h"
#include "base/secret.h"
#include "ossl/library_context.h"
#include "ossl/read_store.h"

namespace credmint {

/// Whether a file is PKCS#12 in DER.
bool IsPkcs12(const Secret& contents);

/// Reads all keys or all certificates of a PKCS#12 file, in its order, except that certificates
/// marked as belonging to a key come first. The other options than the kind of objects, the
/// passphrase and the device are ignored. OpenSSL's store knows only the first key and requires a
/// MAC, which some programs omit. The passphrase is requested only if an empty one does not fit.
///
/// Fails with:
///
/// - kKeyUnusable and a fix if OpenSSL has an algorithm only in its legacy provider.
/// - kPinIncorrect if the passphrase is wrong.
/// - kMalformed if the file is damaged.
/// - kKeyNotFound if it holds no object of that kind.
/// - The passphrase function's error.
Result<StoreContents> ReadPkcs12(const LibraryContext& context, const Secret& contents,
                                 const StoreOptions& options);

}  // namespace credmint
