// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "http/message.h"
#include "identity/identity.h"
#include "ossl/library_context.h"

namespace credmint {

/// Returns the SigV4-X509 name of a key's signing algorithm. `key` is OpenSSL's name of the key's
/// algorithm ("RSA", "EC", "ML-DSA-65"). Fails with kKeyUnusable if the service does not accept it.
Result<std::string_view> AlgorithmName(const std::string& key);

/// Signs a request to IAM Roles Anywhere with SigV4-X509 (CONTRACT section 2). Adds these header
/// fields:
///
/// - Host, X-Amz-Date (`now`) and X-Amz-X509.
/// - X-Amz-X509-Chain, unless the leaf has no known issuers.
/// - Authorization, which covers all of them.
///
/// No other code combines a request with an identity.
///
/// Fails with kKeyUnusable for an algorithm that the service does not accept, or with the key's
/// error.
Result<HttpRequest> SignRequest(const LibraryContext& context, const Identity& identity,
                                HttpRequest request, std::string_view region, TimePoint now);

}  // namespace credmint
