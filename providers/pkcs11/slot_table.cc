#include "pkcs11/slot_table.h"

namespace credmint::pkcs11 {
namespace {

Result<std::vector<CK_SLOT_ID>> SlotsWithToken(const Module& module) {
  CK_ULONG count = 0;
  CK_RV got = module.Call(&CK_FUNCTION_LIST::C_GetSlotList, CK_BBOOL{CK_TRUE}, nullptr, &count);
  if (got != CKR_OK) return tl::unexpected(CkError("GetSlotList", got));
  std::vector<CK_SLOT_ID> ids(count);
  if (count == 0) return ids;
  got = module.Call(&CK_FUNCTION_LIST::C_GetSlotList, CK_BBOOL{CK_TRUE}, ids.data(), &count);
  if (got != CKR_OK) return tl::unexpected(CkError("GetSlotList", got));
  ids.resize(count);
  return ids;
}

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

Result<std::vector<std::shared_ptr<Slot>>> SlotTable::Find(const std::shared_ptr<Module>& module,
                                                           const Uri& uri) {
  std::vector<std::shared_ptr<Slot>> slots;
  if (uri.NamesLibrary() && !LibraryMatches(*module, uri)) return slots;
  const auto ids = SlotsWithToken(*module);
  if (!ids) return tl::unexpected(ids.error());
  for (const CK_SLOT_ID id : *ids) {
    if (!SlotMatches(*module, id, uri)) continue;
    CK_TOKEN_INFO token{};
    if (module->Call(&CK_FUNCTION_LIST::C_GetTokenInfo, id, &token) != CKR_OK) continue;
    if ((token.flags & CKF_TOKEN_INITIALIZED) == 0 || !uri.MatchesToken(token)) continue;
    slots.push_back(Remember(module, id, token));
  }
  return slots;
}

std::shared_ptr<Slot> SlotTable::Remember(const std::shared_ptr<Module>& module, CK_SLOT_ID id,
                                          const CK_TOKEN_INFO& token) {
  const auto slots = slots_.Lock();
  std::shared_ptr<Slot>& slot = (*slots)[{module->path(), id}];
  if (!slot) slot = std::make_shared<Slot>(module, id, token);
  return slot;
}

}  // namespace credmint::pkcs11
