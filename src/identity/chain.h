// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <vector>

#include "identity/certificate_chain.h"
#include "ossl/certificate.h"

namespace credmint {

/// Most certificates that the service takes beside the leaf (CONTRACT section 1.1).
inline constexpr std::size_t kMaxIssuers = 5;

/// The path from `leaf` up to the last issuer found in `pool`: by issuer name, permission to sign
/// certificates, and signature. Key identifiers do not decide: a CA that was certified anew, or by
/// somebody else, may have another serial and identifier than the leaf remembers. Self-signed
/// certificates are left out, and so is everything that is on no path.
///
/// Where CAs are certified more than once there are several paths, and only the service knows its
/// trust anchor. The first one is then sent whole and in order: one that is valid at `now` and that
/// the service has nothing against (IssuerRefusals); that ends at a root of the pool or where no
/// further issuer is known, not in a circle; the shortest; the one that stays valid longest. Behind
/// it come the certificates of the others, as far as they are valid, those first whose path fits.
///
/// The work is bounded whatever the pool: at most five issuers of each certificate are followed,
/// and at most two thousand signatures verified.
CertificateChain BuildChain(Certificate leaf, const std::vector<Certificate>& pool,
                            std::chrono::system_clock::time_point now);

}  // namespace credmint
