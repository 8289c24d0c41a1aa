// SPDX-License-Identifier: Apache-2.0
#include "enrolment/new_key.h"

#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace credmint {
namespace {

using Change = DeviceChange::Kind;

Result<Inventory> ChangeKey(KeyOpener& keys, KeyReference reference, const DeviceChange& change,
                            std::string_view what) {
  const std::string clause = fmt::format("{} key {}", what, reference.shown());
  auto affected = keys.Change(std::move(reference), change);
  if (!affected) return Fail(std::move(affected), clause);
  const bool has_key =
      !affected->empty() && affected->front().kind == InventoryEntry::Kind::kPrivateKey;
  if (has_key) return affected;
  return Fail(ErrorCode::kInternal, clause + ": the device names no key");
}

}  // namespace

Result<InventoryEntry> CreateKey(KeyOpener& keys, KeyReference reference, const NewKey& key) {
  const DeviceChange change{.kind = Change::kCreateKey, .key_type = key.type, .key_id = key.id};
  auto made = ChangeKey(keys, std::move(reference), change, "creating");
  if (!made) return Fail(std::move(made));
  return std::move(made->front());
}

Result<Inventory> FindKeyToDelete(KeyOpener& keys, KeyReference reference) {
  return ChangeKey(keys, std::move(reference), {.kind = Change::kFindKeyToDelete}, "deleting");
}

Result<Inventory> DeleteKey(KeyOpener& keys, KeyReference reference) {
  return ChangeKey(keys, std::move(reference), {.kind = Change::kDeleteKey}, "deleting");
}

}  // namespace credmint
