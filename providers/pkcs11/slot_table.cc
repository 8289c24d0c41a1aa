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

Result<SlotTable::Look> SlotTable::LookAt(const Module& module) {
  Look look{std::chrono::steady_clock::now(), module.generation(), {}, {}};
  auto ids = SlotIds(module, CK_TRUE);
  if (!ids) return Fail(std::move(ids));
  look.ids = *std::move(ids);
  return look;
}

std::optional<SlotTable::Look> SlotTable::LastLook(const Module& module, TimePoint since) {
  const auto looks = looks_.Lock();
  const auto last = looks->find(module.path());
  if (last == looks->end() || last->second.taken < since) return std::nullopt;
  if (last->second.generation != module.generation()) return std::nullopt;
  return last->second;
}

Result<std::vector<std::shared_ptr<Slot>>> SlotTable::Find(const std::shared_ptr<Module>& module,
                                                           const Uri& uri, Unreadable unreadable,
                                                           TimePoint recent) {
  if (auto revived = module->Revive(); !revived) return Fail(std::move(revived));
  if (uri.NamesLibrary() && !LibraryMatches(*module, uri)) {
    return std::vector<std::shared_ptr<Slot>>();
  }
  if (auto last = LastLook(*module, recent)) {
    auto slots = FindIn(*std::move(last), module, uri, unreadable);
    if (slots && !slots->empty()) return slots;
  }
  auto look = LookAt(*module);
  if (!look) return Fail(std::move(look));
  return FindIn(*std::move(look), module, uri, unreadable);
}

Result<std::vector<std::shared_ptr<Slot>>> SlotTable::FindIn(Look look,
                                                             const std::shared_ptr<Module>& module,
                                                             const Uri& uri,
                                                             Unreadable unreadable) {
  std::vector<std::shared_ptr<Slot>> slots;
  std::optional<Error> failure;
  for (const CK_SLOT_ID id : look.ids) {
    if (!SlotMatches(*module, id, uri)) continue;
    const auto [known, is_new] = look.tokens.try_emplace(id);
    CK_TOKEN_INFO& token = known->second;
    const CK_RV read =
        is_new ? module->Call(&CK_FUNCTION_LIST::C_GetTokenInfo, id, &token) : CKR_OK;
    const bool absent = read == CKR_TOKEN_NOT_PRESENT || read == CKR_TOKEN_NOT_RECOGNIZED;
    if (read != CKR_OK && !absent) failure = CkError("GetTokenInfo", read);
    if (read != CKR_OK) look.tokens.erase(known);
    if (read != CKR_OK) continue;
    if ((token.flags & CKF_TOKEN_INITIALIZED) == 0 || !uri.MatchesToken(token)) continue;
    slots.push_back(Remember(module, id, token, is_new));
  }
  (*looks_.Lock())[module->path()] = std::move(look);
  if (failure && unreadable == Unreadable::kFail && (slots.empty() || !uri.NamesToken())) {
    return Fail(std::move(*failure).In(module->path()));
  }
  return slots;
}

std::shared_ptr<Slot> SlotTable::Remember(const std::shared_ptr<Module>& module, CK_SLOT_ID id,
                                          const CK_TOKEN_INFO& token, bool is_new) {
  const auto slots = slots_.Lock();
  std::shared_ptr<Slot>& slot = (*slots)[{module->path(), id}];
  const bool is_known = slot && slot->Holds(token);
  if (is_known && is_new) slot->UpdateFlags(token.flags);
  if (is_known && !is_new) slot->FlagsMayBeOld();
  if (is_known) return slot;
  // The PIN record follows a token from slot to slot.
  auto pins = std::make_shared<PinRecord>();
  for (const auto& [key, other] : *slots) {
    if (key.first == module->path() && other && other->Holds(token)) pins = other->pins();
  }
  slot = std::make_shared<Slot>(module, id, token, std::move(pins));
  if (!is_new) slot->FlagsMayBeOld();
  return slot;
}

void SlotTable::CloseIdle(const Module& module) {
  const auto slots = slots_.Lock();
  for (const auto& [key, slot] : *slots) {
    if (key.first == module.path()) slot->CloseIdle();
  }
}

void SlotTable::Refresh() {
  looks_.Lock()->clear();
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
