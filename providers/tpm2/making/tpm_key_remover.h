// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "base/secret.h"
#include "common/store_loader.h"
#include "tpm2/provider/tpm2_provider.h"

namespace credmint::tpm2 {

/// Removes the key at a persistent handle for good, if `remove` is set. Returns it as a list does
/// (listing.h) in any case.
///
/// Removes only keys that sign. With a storage key, all keys below it would be lost; other objects
/// belong to other programs. Those fail with kKeyUnusable. Fails with kKeyNotFound if nothing is
/// there, and as Evict() does.
Result<provider::ListedObject> RemoveKey(const Tpm2Provider& provider,
                                         const std::optional<std::string>& tcti, TPM2_HANDLE handle,
                                         const Secret& owner_auth, bool remove);

}  // namespace credmint::tpm2
