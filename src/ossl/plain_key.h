// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/secret.h"
#include "ossl/handles.h"
#include "ossl/library_context.h"

namespace credmint {

/// The private key of a file whose PEM label or DER structure says what it is. It is an RSA or EC
/// key, alone and not encrypted. The form is PKCS#8 (RFC 5208), PKCS#1 (RFC 8017 appendix A.1.2) or
/// SEC1 (RFC 5915). PEM may have certificates and the parameters of the curve beside it.
///
/// Null for everything else, and then ReadStore() decides. For these it returns the same key, after
/// it has asked every decoder that OpenSSL has. That takes an eighth of a whole mint.
PkeyPtr ReadPlainKey(const LibraryContext& context, const Secret& contents);

}  // namespace credmint
