// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/types.h>
#include <tss2/tss2_tpm2_types.h>

#include <nlohmann/json.hpp>
#include <string>

#include "common/store_loader.h"

namespace credmint::tpm2 {

/// Describes a persistent object by its public area, for people who choose a key. Does not use the
/// TPM.
///
/// Returns the members of the kinds `private-key` and `object` in listing.h, without `label`.
/// `context` is used for `publicKey`.
nlohmann::ordered_json DescribeKey(const TPM2B_PUBLIC& area, OSSL_LIB_CTX* context);

/// The persistent object at `handle`, as a list shows it (listing.h).
provider::ListedObject ListObject(TPM2_HANDLE handle, const TPM2B_PUBLIC& area,
                                  OSSL_LIB_CTX* context);

/// A key file that was made, as a name of the store. The description has its contents as "keyFile".
provider::ListedObject ListKeyFile(const std::string& contents);

}  // namespace credmint::tpm2
