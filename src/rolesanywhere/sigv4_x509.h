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

/// The name in SigV4-X509 of what a key signs with; `key` is OpenSSL's name of its algorithm
/// ("RSA", "EC", "ML-DSA-65"). Fails with kKeyUnusable for one that the service does not take.
Result<std::string_view> AlgorithmName(const std::string& key);

/// Signs a request to IAM Roles Anywhere with SigV4-X509 (CONTRACT section 2): adds Host,
/// X-Amz-Date (`now`), X-Amz-X509, X-Amz-X509-Chain unless the leaf has no known issuers, and
/// Authorization, which covers all the others. The one place where request and identity meet.
///
/// Fails with kKeyUnusable for an algorithm the service does not know, else with the key's error.
Result<HttpRequest> SignRequest(const LibraryContext& context, const Identity& identity,
                                HttpRequest request, std::string_view region, TimePoint now);

}  // namespace credmint
