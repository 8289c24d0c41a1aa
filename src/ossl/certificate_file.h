// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "base/error.h"
#include "base/secret.h"
#include "ossl/certificate.h"
#include "ossl/library_context.h"

namespace credmint {

/// Reads all certificates from PEM blocks, or from a DER PKCS#7 file, in the file's order. The
/// labels that hold certificates are:
///
/// - CERTIFICATE and X509 CERTIFICATE.
/// - TRUSTED CERTIFICATE, whose trust settings are ignored.
/// - PKCS7, with all its certificates.
///
/// Blocks with other labels, such as an encrypted key, are skipped.
///
/// Empty if there is no such block: the file may have another format. Fails with kCertificate if
/// any block is truncated, or if a block with certificates cannot be read. The message names the
/// block and its line.
Result<std::vector<Certificate>> ReadCertificateFile(const LibraryContext& context,
                                                     const Secret& contents);

}  // namespace credmint
