// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/types.h>

#include <string_view>

#include "base/error.h"

namespace credmint::provider {

/// Whether a new key shall be one of ML-DSA: "ml-dsa-44", "ml-dsa-65" or "ml-dsa-87".
bool IsMlDsa(std::string_view type);

/// The reason why there is no such key in a device, "a token" (kKeyUnusable). That is OpenSSL if it
/// does not know the algorithm, because nothing could verify what the device signs. Otherwise it is
/// the device: no kind of them with ML-DSA has been tried.
Error WhyNoMlDsa(OSSL_LIB_CTX* context, std::string_view type, std::string_view device);

}  // namespace credmint::provider
