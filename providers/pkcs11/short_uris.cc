// SPDX-License-Identifier: Apache-2.0
#include "pkcs11/short_uris.h"

#include "pkcs11/object_uri.h"
#include "pkcs11/slot_table.h"

namespace credmint::pkcs11 {
namespace {

bool IsOnly(const std::map<Bytes, int>& counts, const Bytes& name) {
  const auto found = counts.find(name);
  return !name.empty() && found != counts.end() && found->second == 1;
}

}  // namespace

ShortUris::ShortUris(const Module& module, const Uri& listed)
    : module_path_(listed.ModulePath({})) {
  for (const std::string& label : SlotTable::TokenLabels(module)) ++tokens_[label];
}

void ShortUris::SetNeighbours(const std::map<CK_OBJECT_HANDLE, ObjectNames>& all) {
  labels_.clear();
  ids_.clear();
  for (const auto& [object, names] : all) {
    ++labels_[names.label];
    ++ids_[names.id];
  }
}

std::string ShortUris::OfToken(const Slot& slot) const {
  const auto found = tokens_.find(PaddedText(slot.token().label));
  if (found == tokens_.end() || found->first.empty() || found->second != 1) return {};
  return ShortUri(slot, {}, module_path_);
}

std::string ShortUris::OfObject(const Slot& slot, const ObjectNames& names) const {
  if (OfToken(slot).empty()) return {};
  if (IsOnly(labels_, names.label))
    return ShortUri(slot, {.id = {}, .label = names.label}, module_path_);
  if (IsOnly(ids_, names.id)) return ShortUri(slot, {.id = names.id, .label = {}}, module_path_);
  return {};
}

}  // namespace credmint::pkcs11
