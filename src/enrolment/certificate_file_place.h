// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/error.h"
#include "identity/certificate_chain.h"
#include "identity/key_opener.h"
#include "identity/key_reference.h"

namespace credmint {

/// A certificate and its issuers as PEM, the leaf first; empty if OpenSSL has no memory for it.
std::string PemOfChain(const CertificateChain& chain);

/// Writes a certificate and its issuers to a file as PEM, the leaf first (ReplaceFile()). Nothing
/// is written if the file has these contents already.
///
/// A file that exists is replaced only if its first certificate has the same public key, or with
/// `overwrite`. One that holds a private key never is, because the key would be lost. Fails with
/// kUsage then, and with kLocalIo.
Result<void> PutIntoFile(KeyOpener& keys, const KeyReference& path, const CertificateChain& chain,
                         bool overwrite);

}  // namespace credmint
