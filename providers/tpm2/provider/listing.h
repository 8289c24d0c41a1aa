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

/// Lists what a TPM stores permanently: the TPM itself, its persistent objects, and the
/// certificates in its NV indices. With `only`, lists the TPM and what is at that handle; fails
/// with kKeyNotFound if there is nothing.
///
/// Writes nothing, asks nobody, and never risks a counted wrong try (nv_index.h). `owner_auth`,
/// empty if not given, opens NV indices that only the owner can read. An object that cannot be read
/// is listed with the reason. An NV index that holds something else is omitted.
///
/// Each description has these members, depending on its `kind`:
///
/// * tpm: manufacturer, model, firmware, specification
/// * private-key: label, flags; scheme if fixed; publicKey (SubjectPublicKeyInfo, base64) if of a
///   known kind; unusable (the reason) if it is
/// * object: label, type ("sealed data", …), flags; or label and error if it cannot be read
/// * certificate: label, certificate (DER, base64); or label and error if it cannot be read
///
/// `label` is the handle. `flags` is a list of the words sign, decrypt, restricted, fixed-tpm,
/// fixed-parent, user-with-auth, no-da (wrong tries are not counted) and policy (one is bound).
Result<std::vector<provider::ListedObject>> TakeInventory(const Tpm2Provider& provider,
                                                          const std::optional<std::string>& tcti,
                                                          const Secret& owner_auth,
                                                          std::optional<TPM2_HANDLE> only);

/// The entry of a certificate in an NV index.
provider::ListedObject DescribeNvCertificate(TPM2_HANDLE index, ByteView der);

}  // namespace credmint::tpm2
