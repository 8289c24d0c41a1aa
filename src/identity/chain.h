#pragma once

#include <chrono>
#include <vector>

#include "identity/identity.h"
#include "ossl/certificate.h"

namespace credmint {

/// Most certificates that the service takes beside the leaf (CONTRACT section 1.1).
inline constexpr std::size_t kMaxIssuers = 5;

/// The path from `leaf` up to the last issuer found in `pool`: by issuer name, key identifiers and
/// signature. Self-signed certificates are left out, and so is everything that is not on the path.
/// Among several issuers that fit (a renewed CA), one that is valid at `now` is preferred, then the
/// one that expires last.
CertificateChain BuildChain(Certificate leaf, const std::vector<Certificate>& pool,
                            std::chrono::system_clock::time_point now);

}  // namespace credmint
