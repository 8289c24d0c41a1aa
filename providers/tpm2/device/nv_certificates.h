// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "base/error.h"
#include "ossl/handles.h"

namespace credmint::tpm2 {

/// The certificates in the contents of an NV index: the DER of each, in order, at least one. Fails
/// with kCertificate.
///
/// The contents are DER, one certificate after the other, or PEM. An index is often larger than
/// what was written to it. Only bytes 0x00 or only bytes 0xff may follow DER; anything may follow
/// PEM.
///
/// Only the outermost structure is checked. Users of a certificate must parse it.
Result<std::vector<Bytes>> CertificatesInNv(ByteView contents);

}  // namespace credmint::tpm2
