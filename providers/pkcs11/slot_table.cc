// SPDX-License-Identifier: Apache-2.0
#include "pkcs11/slot_table.h"

#include <algorithm>
#include <optional>

namespace credmint::pkcs11 {
namespace {

/// Room for so many in the first call saves asking for the number of slots.
constexpr CK_ULONG kUsualSlots = 32;
constexpr CK_ULONG kMostSlots = 4096;

bool LibraryMatches(const Module& module, const Uri& uri) {
  CK_INFO info{};
  return module.Call(&CK_FUNCTION_LIST::C_GetInfo, &info) == CKR_OK && uri.MatchesModule(info);
}

bool SlotMatches(const Module& module, CK_SLOT_ID id, const Uri& uri) {
  if (!uri.MatchesSlotId(id)) return false;
  if (!uri.NamesSlot()) return true;
  CK_SLOT_INFO info{};
  return module.Call(&CK_FUNCTION_LIST::C_GetSlotInfo, id, &info) == CKR_OK &&
         uri.MatchesSlot(info);
}

}  // namespace

Result<std::vector<CK_SLOT_ID>> SlotTable::SlotIds(const Module& module, CK_BBOOL present) {
  const auto list = [&](std::vector<CK_SLOT_ID>& ids, CK_ULONG& count) {
    count = ids.size();
    return module.Call(&CK_FUNCTION_LIST::C_GetSlotList, present, ids.data(), &count);
  };
  std::vector<CK_SLOT_ID> ids(kUsualSlots);
  CK_ULONG count = 0;
  CK_RV got = list(ids, count);
  if (got == CKR_BUFFER_TOO_SMALL) {
    ids.resize(std::min(count, kMostSlots));
    got = list(ids, count);
  }
  if (got != CKR_OK) return Fail(CkError("GetSlotList", got));
  ids.resize(std::min<std::size_t>(count, ids.size()));
  return ids;
}

Result<std::vector<std::shared_ptr<Slot>>> SlotTable::Find(const std::shared_ptr<Module>& module,
                                                           const Uri& uri, Unreadable unreadable) {
  std::vector<std::shared_ptr<Slot>> slots;
  if (auto revived = module->Revive(); !revived) return Fail(std::move(revived));
  if (uri.NamesLibrary() && !LibraryMatches(*module, uri)) return slots;
  const auto ids = SlotIds(*module, CK_TRUE);
  if (!ids) return Fail(ids);
  std::optional<Error> failure;
  for (const CK_SLOT_ID id : *ids) {
    if (!SlotMatches(*module, id, uri)) continue;
    CK_TOKEN_INFO token{};
    const CK_RV read = module->Call(&CK_FUNCTION_LIST::C_GetTokenInfo, id, &token);
    const bool absent = read == CKR_TOKEN_NOT_PRESENT || read == CKR_TOKEN_NOT_RECOGNIZED;
    if (read != CKR_OK && !absent) failure = CkError("GetTokenInfo", read);
    if (read != CKR_OK) continue;
    if ((token.flags & CKF_TOKEN_INITIALIZED) == 0 || !uri.MatchesToken(token)) continue;
    slots.push_back(Remember(module, id, token));
  }
  if (failure && unreadable == Unreadable::kFail && (slots.empty() || !uri.NamesToken())) {
    return Fail(std::move(*failure).In(module->path()));
  }
  return slots;
}

std::shared_ptr<Slot> SlotTable::Remember(const std::shared_ptr<Module>& module, CK_SLOT_ID id,
                                          const CK_TOKEN_INFO& token) {
  const auto slots = slots_.Lock();
  std::shared_ptr<Slot>& slot = (*slots)[{module->path(), id}];
  if (slot && slot->Holds(token)) {
    slot->UpdateFlags(token.flags);
    return slot;
  }
  // The PIN record follows a token from slot to slot.
  auto pins = std::make_shared<PinRecord>();
  for (const auto& [key, other] : *slots) {
    if (key.first == module->path() && other && other->Holds(token)) pins = other->pins();
  }
  slot = std::make_shared<Slot>(module, id, token, std::move(pins));
  return slot;
}

void SlotTable::CloseIdle(const Module& module) {
  const auto slots = slots_.Lock();
  for (const auto& [key, slot] : *slots) {
    if (key.first == module.path()) slot->CloseIdle();
  }
}

void SlotTable::Refresh() {
  const auto slots = slots_.Lock();
  for (const auto& [key, slot] : *slots) slot->Refresh();
}

std::vector<std::string> SlotTable::TokenLabels(const Module& module) {
  std::vector<std::string> labels;
  const auto ids = SlotIds(module, CK_TRUE);
  if (!ids) return labels;
  for (const CK_SLOT_ID id : *ids) {
    CK_TOKEN_INFO token{};
    if (module.Call(&CK_FUNCTION_LIST::C_GetTokenInfo, id, &token) != CKR_OK) continue;
    if ((token.flags & CKF_TOKEN_INITIALIZED) != 0) labels.push_back(ShownLabel(token));
  }
  return labels;
}

}  // namespace credmint::pkcs11
