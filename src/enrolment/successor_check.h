// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.h"
#include "ossl/certificate.h"

namespace credmint {

/// Fails with kCertificate if a certificate is worse than the present one, which it shall replace:
///
/// * it does not end later
/// * its key is weaker
/// * it is signed with a weaker hash
///
/// Whether it belongs to the key, and whether the service accepts it, is for CheckIdentity().
Result<void> CheckSuccessor(const Certificate& next, const Certificate& present);

}  // namespace credmint
