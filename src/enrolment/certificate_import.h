// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "base/secret.h"
#include "identity/certificate_chain.h"
#include "identity/identity_opener.h"
#include "identity/key_reference.h"
#include "ossl/certificate.h"
#include "ossl/library_context.h"

namespace credmint {

/// Wishes about the certificates that are in the place of a new one.
struct ImportWishes {
  bool keep_old = false;   ///< a token's earlier certificates of the key stay
  bool overwrite = false;  ///< in a file or in the device, one of another key may be replaced
  std::optional<Certificate> replaced = {};  ///< the one of another key that alone may be replaced
  Secret owner_auth = {};                    ///< the secret of the device's owner; empty: none
};

/// The certificate of the opener's spec that belongs to the key of the spec, with its issuers.
/// Nothing is written. The key need not sign. Where its device shows the public half without a
/// login, there is none.
///
/// Fails as a mint with this certificate would: with kKeyMismatch, or with kCertificate if IAM
/// Roles Anywhere cannot accept it. Fails with kKeyUnusable for a weak key, unless the spec allows
/// it.
Result<CertificateChain> CheckImport(const LibraryContext& context, IdentityOpener& opener);

/// Puts a checked certificate and its issuers into a device or a file. Returns the reference to
/// open it there.
///
/// A file gets PEM (PutIntoFile()). Fails as KeyOpener::Change() otherwise.
Result<std::string> ImportCertificate(KeyOpener& keys, KeyReference to,
                                      const CertificateChain& chain, ImportWishes wishes);

}  // namespace credmint
