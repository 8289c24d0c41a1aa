// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "base/error.h"
#include "base/secret.h"
#include "ossl/certificate.h"
#include "ossl/library_context.h"

namespace credmint {

/// The certificates in PEM blocks of every label that has some (CERTIFICATE, X509 CERTIFICATE,
/// TRUSTED CERTIFICATE, whose trust settings are left out, and PKCS7 with all that it holds), or in
/// a DER PKCS#7 file; in the file's order, none left out. Blocks of other labels, such as a key
/// that nobody can decrypt, are passed over.
///
/// Empty if there is no such block: the file may be in another form. Fails with kCertificate, which
/// names the block and its line, if one of the blocks with certificates cannot be read or any block
/// is cut off.
Result<std::vector<Certificate>> ReadCertificateFile(const LibraryContext& context,
                                                     const Secret& contents);

}  // namespace credmint
