// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "base/error.h"
#include "ossl/handles.h"

namespace credmint::tpm2 {

/// The certificates in the contents of an NV index, DER of each, in their order; at least one.
///
/// They are DER, one after the other, or PEM. An index is often made larger than what is written to
/// it: behind DER only bytes 0x00 or only bytes 0xff may follow, behind PEM anything. Looks at the
/// outermost structure only; whoever uses a certificate parses it. Fails with kCertificate.
Result<std::vector<Bytes>> CertificatesInNv(ByteView contents);

}  // namespace credmint::tpm2
