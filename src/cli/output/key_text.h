// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/evp.h>

#include <string>

namespace credmint::cli {

/// The named curve of a key ("prime256v1"); empty for one without.
std::string CurveOf(const EVP_PKEY* key);

/// The kind of a key, for people: "EC prime256v1", "RSA 2048"; "of unknown type" for null.
std::string DescribeKey(const EVP_PKEY* key);

}  // namespace credmint::cli
