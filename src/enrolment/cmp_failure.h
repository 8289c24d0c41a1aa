// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/cmp.h>

#include <string>

#include "base/error.h"

namespace credmint {

/// The names of the bits of PKIFailureInfo (RFC 9810 section 5.2.3), with commas: "badRequest,
/// badPOP". An unknown bit is its number.
std::string CmpFailureNames(int bits);

/// Explains a failed step of OpenSSL's CMP client, and empties the error queue:
///
/// * kServiceRefused: the CA refuses, with its words and the names of its failure bits.
/// * kServiceAnswer: the answer cannot be used. `sender` is the name that was expected, and
///   `distrust` is CmpExchange::distrust().
/// * As the key: it could not sign.
Error DescribeCmpFailure(const OSSL_CMP_CTX* context, const std::string& sender,
                         const std::string& distrust);

}  // namespace credmint
