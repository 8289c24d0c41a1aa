// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/core.h>

namespace credmint::remote {

/// The STORE of keys that are in another process. Its URI is the scheme alone. The parameter
/// keyprocess::RemoteKey::kParameter (octets) is the address of a keyprocess::RemoteKey, which the
/// store makes a key of.
const OSSL_DISPATCH* Store();

}  // namespace credmint::remote
