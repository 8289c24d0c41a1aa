// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/error.h"
#include "base/secret.h"
#include "identity/inventory.h"
#include "identity/key_opener.h"
#include "identity/key_reference.h"
#include "ossl/handles.h"

namespace credmint {

/// A key to make in a device, by its owner's wishes.
struct NewKey {
  std::string type;  ///< "ec-p256"; the back end knows which it can make
  Bytes id = {};  ///< empty: that of the URI, or else the back end derives it from the public key
  bool beside = false;  ///< another key may have its label, but not its id
  /// The path of the new file that holds the key, encrypted for the device. Empty: the device keeps
  /// the key.
  std::string file = {};
  std::string parent = {};       ///< as DeviceChange::key_parent
  std::string state = {};        ///< as DeviceChange::key_state
  Bytes policy = {};             ///< as DeviceChange::key_policy
  bool under_authority = false;  ///< as DeviceChange::under_authority
  Secret auth = {};              ///< the key's own secret; empty: none
  bool tries_uncounted = false;  ///< wrong values of `auth` lock nothing
  Secret owner_auth = {};        ///< the secret of the device's owner; empty: none
};

/// Makes a key at `reference`, in the back end of its scheme. The key cannot leave the device, and
/// signs. Returns its entry, with the URI or the path to open it.
///
/// For a key in a file, `reference` is the bare scheme of such files. Only its owner can read the
/// file, which appears complete or not at all.
///
/// A key or file that is there is never overwritten (kUsage, kLocalIo). Fails with kKeyUnusable if
/// the device cannot make such a key, or made another one; as KeyOpener::Change() otherwise.
Result<InventoryEntry> CreateKey(KeyOpener& keys, KeyReference reference, NewKey key);

/// The private key that DeleteKey() would delete, with all that goes or stays with it. The private
/// key comes first. Public keys go, too; certificates stay. Fails with kUsage, kKeyNotFound or
/// kKeyAmbiguous if the reference does not mean one key.
Result<Inventory> FindKeyToDelete(KeyOpener& keys, KeyReference reference);

/// Deletes that key, for good. Returns the same. `owner_auth` is the secret of the device's owner,
/// where that is needed.
Result<Inventory> DeleteKey(KeyOpener& keys, KeyReference reference, Secret owner_auth);

}  // namespace credmint
