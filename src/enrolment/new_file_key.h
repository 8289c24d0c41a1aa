// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/error.h"
#include "base/secret.h"
#include "ossl/library_context.h"

namespace credmint {

/// A private key to make in a plain file, where no device protects it.
struct NewFileKey {
  std::string path;
  std::string type;        ///< "ec-p256", "ec-p384", "ec-p521", "rsa-2048" to "rsa-4096", "ed25519"
  Secret passphrase = {};  ///< encrypts the file; empty: it is not encrypted
};

/// Makes a key with OpenSSL, and writes it to a new file as PKCS#8 in PEM. Only its owner can read
/// the file, which appears complete or not at all.
///
/// A file that is there is never overwritten (kLocalIo). Fails with kUsage for another type, and
/// with kKeyUnusable if OpenSSL, or its FIPS provider, makes no such key.
Result<void> CreateFileKey(const LibraryContext& context, const NewFileKey& key);

}  // namespace credmint
