// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/error.h"
#include "identity/inventory.h"
#include "identity/key_opener.h"
#include "identity/key_reference.h"
#include "ossl/handles.h"

namespace credmint {

/// A key to make in a device, by its owner's wishes.
struct NewKey {
  std::string type;  ///< "ec-p256"; the back end knows which it can make
  Bytes id;          ///< empty: the back end derives it from the public key
};

/// Makes a key at `reference`, in the back end of its scheme. The key cannot leave the device, and
/// signs. Returns its entry, with the URI to open it.
///
/// A key that is there is never overwritten (kUsage). Fails with kKeyUnusable if the device cannot
/// make such a key, or made another one; as KeyOpener::Change() otherwise.
Result<InventoryEntry> CreateKey(KeyOpener& keys, KeyReference reference, const NewKey& key);

/// The private key that DeleteKey() would delete, with all that goes or stays with it. The private
/// key comes first. Public keys go, too; certificates stay. Fails with kUsage, kKeyNotFound or
/// kKeyAmbiguous if the reference does not mean one key.
Result<Inventory> FindKeyToDelete(KeyOpener& keys, KeyReference reference);

/// Deletes that key, for good. Returns the same.
Result<Inventory> DeleteKey(KeyOpener& keys, KeyReference reference);

}  // namespace credmint
