// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "base/error.h"
#include "common/passphrase_callback.h"
#include "common/store_loader.h"
#include "ossl/handles.h"
#include "pkcs11/load_request.h"
#include "pkcs11/provider/pkcs11_provider.h"

namespace credmint::pkcs11 {

/// Certificates to write to a token.
struct NewCertificates {
  std::vector<X509Ptr> chain;  ///< the certificate of the key, then its issuers
  bool keep_old = false;       ///< earlier certificates of the key stay
  /// DER: the certificate of another key that is replaced. Those of its key count as earlier ones.
  Bytes replaced = {};
};

/// Parses certificates, DER, one after the other. Fails with kCertificate for anything else, and
/// for a certificate that is longer than ReadCertificate() could read.
Result<std::vector<X509Ptr>> ParseCertificates(ByteView der);

/// Writes certificates to the token of a URI, and returns that of the key as a list does
/// (listing.h).
///
/// The key is the private key that matches the URI, or else the one on the token that belongs to
/// the certificate. The certificate gets the id of the key. Its label is the URI's `object`, or
/// else the label of the key. If the key is not on this token, the URI must have `object`. The id
/// is then that of the URI, or else the SHA-1 of the public key. Issuers get the common name as
/// their label, and the SHA-1 of their public key as their id.
///
/// No certificate is written twice. Issuers are written first, then the certificate, which is read
/// back. Then, unless they shall stay, the earlier certificates of the same key with the same label
/// are removed. So after a kill the earlier one, the new one or both are there, and the next run
/// finishes the work.
///
/// Fails with:
///
/// * kKeyMismatch if the private key of the URI is another one
/// * kUsage if another key's certificate has the label, and is not to be replaced: it is not
/// touched
/// * kDevice if the token refuses to be written, or shows another certificate than was written
/// * kKeyNotFound, kKeyAmbiguous and the codes of a login, as KeySearch
Result<std::vector<provider::ListedObject>> WriteCertificates(
    const Pkcs11Provider& provider, const LoadRequest& request,
    const provider::PassphraseCallback& passphrase, const NewCertificates& certificates);

}  // namespace credmint::pkcs11
