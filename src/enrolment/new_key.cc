// SPDX-License-Identifier: Apache-2.0
#include "enrolment/new_key.h"

#include <fmt/format.h>

#include <string_view>
#include <utility>

#include "base/shown_value.h"
#include "base/whole_file.h"

namespace credmint {
namespace {

using Change = DeviceChange::Kind;

Result<Inventory> ChangeKey(KeyOpener& keys, KeyReference reference, const DeviceChange& change,
                            std::string_view what, const std::string& file = {}) {
  const std::string clause =
      fmt::format("{} key {}", what, file.empty() ? reference.shown() : ShownPath(file));
  auto affected = keys.Change(std::move(reference), change);
  if (!affected) return Fail(std::move(affected), clause);
  const bool has_key =
      !affected->empty() && affected->front().kind == InventoryEntry::Kind::kPrivateKey;
  if (has_key) return affected;
  return Fail(ErrorCode::kInternal, clause + ": the device names no key");
}

}  // namespace

Result<InventoryEntry> CreateKey(KeyOpener& keys, KeyReference reference, NewKey key) {
  if (!key.file.empty()) {
    if (auto is_new = CheckIsNewFile(key.file); !is_new) return Fail(std::move(is_new));
  }
  const DeviceChange change{.kind = Change::kCreateKey,
                            .key_type = std::move(key.type),
                            .key_id = std::move(key.id),
                            .beside = key.beside,
                            .key_parent = std::move(key.parent),
                            .key_state = std::move(key.state),
                            .key_policy = std::move(key.policy),
                            .under_authority = key.under_authority,
                            .key_auth = std::move(key.auth),
                            .tries_uncounted = key.tries_uncounted,
                            .owner_auth = std::move(key.owner_auth)};
  auto made = ChangeKey(keys, std::move(reference), change, "creating", key.file);
  if (!made) return Fail(std::move(made));
  InventoryEntry& entry = made->front();
  if (key.file.empty()) return std::move(entry);
  entry.uri = key.file;
  if (auto written = WriteNewFile(key.file, entry.key_file, kPrivateMode); !written) {
    return Fail(std::move(written));
  }
  return std::move(entry);
}

Result<Inventory> FindKeyToDelete(KeyOpener& keys, KeyReference reference) {
  return ChangeKey(keys, std::move(reference), {.kind = Change::kFindKeyToDelete}, "deleting");
}

Result<Inventory> DeleteKey(KeyOpener& keys, KeyReference reference, Secret owner_auth) {
  return ChangeKey(keys, std::move(reference),
                   {.kind = Change::kDeleteKey, .owner_auth = std::move(owner_auth)}, "deleting");
}

}  // namespace credmint
