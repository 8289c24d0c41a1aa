// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/secret.h"
#include "common/store_loader.h"
#include "tpm2/provider/tpm2_provider.h"

namespace credmint::tpm2 {

/// What is in a TPM for good: the TPM, its persistent objects, and the certificates in its NV
/// indices, or of these only what is at the handle `only` (kKeyNotFound if there is nothing).
///
/// Writes nothing, asks nobody, and nothing can be counted as a wrong try (nv_index.h).
/// `owner_auth`, empty if none was given, opens NV indices that are the owner's to read. What
/// cannot be read is listed with the reason; an NV index that holds something else is left out.
///
/// Descriptions, by their `kind`:
///
/// - tpm: manufacturer, model, firmware, specification
/// - private-key: label, flags, scheme (if fixed), publicKey (SubjectPublicKeyInfo, base64; if of a
///   known kind), unusable (why it is, if it is)
/// - object: label, type ("sealed data", …), flags; or error (if it cannot be read)
/// - certificate: label, certificate (DER, base64), or error (if it cannot be read)
///
/// `label` is the handle, `flags` a list of the words sign, decrypt, restricted, fixed-tpm,
/// fixed-parent, user-with-auth, no-da (wrong tries are not counted) and policy (one is bound).
Result<std::vector<provider::ListedObject>> TakeInventory(const Tpm2Provider& provider,
                                                          const std::optional<std::string>& tcti,
                                                          const Secret& owner_auth,
                                                          std::optional<TPM2_HANDLE> only);

}  // namespace credmint::tpm2
