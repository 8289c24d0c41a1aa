// SPDX-License-Identifier: Apache-2.0
#include "enrolment/new_token.h"

#include <utility>

namespace credmint {

Result<InventoryEntry> InitToken(KeyOpener& keys, KeyReference reference, TokenPins pins) {
  const std::string clause = "initialising token " + reference.shown();
  auto made = keys.Change(std::move(reference), {.kind = DeviceChange::Kind::kInitToken,
                                                 .so_pin = std::move(pins.so_pin),
                                                 .user_pin = std::move(pins.user_pin)});
  if (!made) return Fail(std::move(made), clause);
  if (!made->empty() && made->front().kind == InventoryEntry::Kind::kToken) {
    return std::move(made->front());
  }
  return Fail(ErrorCode::kInternal, clause + ": the device names no token");
}

}  // namespace credmint
