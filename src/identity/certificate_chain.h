// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "ossl/certificate.h"

namespace credmint {

/// A leaf certificate and its known issuers: the leaf's issuer first, without the root, at most
/// five (CONTRACT section 1.1).
struct CertificateChain {
  Certificate leaf;
  std::vector<Certificate> issuers;
};

}  // namespace credmint
