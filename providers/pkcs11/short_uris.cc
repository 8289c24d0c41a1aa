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
  return ShortUri(slot, std::nullopt, {}, module_path_);
}

std::string ShortUris::OfObject(const Slot& slot, CK_OBJECT_CLASS object_class,
                                const ObjectNames& names) const {
  if (OfToken(slot).empty()) return {};
  ObjectNames shown;
  if (IsOnly(labels_, names.label)) {
    shown.label = names.label;
  } else if (IsOnly(ids_, names.id)) {
    shown.id = names.id;
  } else {
    return {};
  }
  const bool is_certificate = object_class == CKO_CERTIFICATE;
  return ShortUri(slot, is_certificate ? std::optional(object_class) : std::nullopt, shown,
                  module_path_);
}

}  // namespace credmint::pkcs11
