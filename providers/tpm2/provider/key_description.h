// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/types.h>
#include <tss2/tss2_tpm2_types.h>

#include <nlohmann/json.hpp>

namespace credmint::tpm2 {

/// What the public area of a persistent object says about it, for people who choose a key. Without
/// a TPM. The members of inventory.h's kinds `private-key` and `object` but `label`; `publicKey` is
/// made in `context`.
nlohmann::ordered_json DescribeKey(const TPM2B_PUBLIC& area, OSSL_LIB_CTX* context);

}  // namespace credmint::tpm2
