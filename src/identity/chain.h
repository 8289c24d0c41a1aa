// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <vector>

#include "identity/certificate_chain.h"
#include "ossl/certificate.h"

namespace credmint {

/// The most certificates that the service accepts besides the leaf (CONTRACT section 1.1).
inline constexpr std::size_t kMaxIssuers = 5;

/// The path from `leaf` to the last issuer found in `pool`.
///
/// An issuer must match by name, be allowed to sign certificates, and verify the signature. Key
/// identifiers do not decide: a CA certified again or by another CA may have another serial and
/// identifier than the leaf remembers. Self-signed certificates and those on no path are omitted.
///
/// If CAs are certified more than once, there are several paths, and only the service knows its
/// trust anchor. The best path is sent first, whole and in order. A path is better than another by
/// the first of these that tells them apart:
///
/// * All its certificates are valid at `now`, and the service has nothing against them
///   (IssuerRefusals()).
/// * It ends at a root of the pool, or where no further issuer is known, rather than in a circle.
/// * It is shorter.
/// * It stays valid longer.
///
/// The valid certificates of the other paths follow, starting with paths that still fit whole.
///
/// The work is bounded for any pool: at most five issuers of each certificate are followed, and at
/// most two thousand signatures verified.
CertificateChain BuildChain(Certificate leaf, const std::vector<Certificate>& pool,
                            std::chrono::system_clock::time_point now);

}  // namespace credmint
