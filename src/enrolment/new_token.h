// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.h"
#include "base/secret.h"
#include "identity/inventory.h"
#include "identity/key_opener.h"
#include "identity/key_reference.h"

namespace credmint {

/// The PINs of a new token: of its security officer and of its user.
struct TokenPins {
  Secret so_pin;
  Secret user_pin;
};

/// Makes a token of a free slot, with the label in `reference`. Returns its entry. A token that has
/// been initialised is never touched: fails with kUsage if one has the label. Fails as
/// KeyOpener::Change() otherwise.
Result<InventoryEntry> InitToken(KeyOpener& keys, KeyReference reference, TokenPins pins);

}  // namespace credmint
