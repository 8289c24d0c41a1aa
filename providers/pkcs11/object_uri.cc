// SPDX-License-Identifier: Apache-2.0
#include "pkcs11/object_uri.h"

#include <stdlib.h>

#include <algorithm>
#include <iterator>
#include <memory>

#include "pkcs11/p11_kit_library.h"
#include "pkcs11/padded_fields.h"
#include "pkcs11_config.h"

namespace credmint::pkcs11 {
namespace {

struct Free {
  void operator()(P11KitUri* uri) const { P11Kit().uri_free(uri); }
};
using UriPtr = std::unique_ptr<P11KitUri, Free>;

UriPtr NewUri(const Module& module) {
  if (!LoadP11Kit()) return nullptr;
  UriPtr uri(P11Kit().uri_new());
  if (uri && module.path() != CREDMINT_DEFAULT_P11_MODULE) {
    P11Kit().uri_set_module_path(uri.get(), module.path().c_str());
  }
  return uri;
}

UriPtr NewTokenUri(const Slot& slot) {
  UriPtr uri = NewUri(slot.module());
  if (!uri) return uri;
  CK_TOKEN_INFO& token = *P11Kit().uri_get_token_info(uri.get());
  token = slot.token();
  BlankNuls(token);
  return uri;
}

void SetAttribute(const UriPtr& uri, CK_ATTRIBUTE_TYPE type, const void* data, std::size_t size) {
  if (size == 0) return;
  CK_ATTRIBUTE attribute = {type, const_cast<void*>(data), static_cast<CK_ULONG>(size)};
  P11Kit().uri_set_attribute(uri.get(), &attribute);
}

std::string Format(const UriPtr& uri, P11KitUriType type) {
  char* text = nullptr;
  if (!uri || P11Kit().uri_format(uri.get(), type, &text) != P11_KIT_URI_OK) return "pkcs11:";
  std::string result = text;
  free(text);
  return result;
}

}  // namespace

std::string ModuleUri(const Module& module, const CK_INFO& info) {
  const UriPtr uri = NewUri(module);
  if (uri) {
    CK_INFO& shown = *P11Kit().uri_get_module_info(uri.get());
    shown = info;
    BlankNuls(shown);
  }
  return Format(uri, P11_KIT_URI_FOR_MODULE_WITH_VERSION);
}

std::string SlotUri(const Module& module, CK_SLOT_ID id, const CK_SLOT_INFO& info) {
  const UriPtr uri = NewUri(module);
  if (uri) {
    CK_SLOT_INFO& shown = *P11Kit().uri_get_slot_info(uri.get());
    shown = info;
    BlankNuls(shown);
    P11Kit().uri_set_slot_id(uri.get(), id);
  }
  return Format(uri, P11_KIT_URI_FOR_SLOT);
}

std::string TokenUri(const Slot& slot) { return Format(NewTokenUri(slot), P11_KIT_URI_FOR_TOKEN); }

std::string ObjectUri(const Slot& slot, CK_OBJECT_CLASS object_class, const ObjectNames& names) {
  const UriPtr uri = NewTokenUri(slot);
  if (uri) {
    SetAttribute(uri, CKA_CLASS, &object_class, sizeof object_class);
    SetAttribute(uri, CKA_ID, names.id.data(), names.id.size());
    SetAttribute(uri, CKA_LABEL, names.label.data(), names.label.size());
  }
  return Format(uri, P11_KIT_URI_FOR_OBJECT_ON_TOKEN);
}

std::string ShortUri(const Slot& slot, std::optional<CK_OBJECT_CLASS> object_class,
                     const ObjectNames& names, const std::string& module_path) {
  const UriPtr uri(LoadP11Kit() ? P11Kit().uri_new() : nullptr);
  if (uri) {
    CK_TOKEN_INFO token = slot.token();
    BlankNuls(token);
    std::copy(std::begin(token.label), std::end(token.label),
              P11Kit().uri_get_token_info(uri.get())->label);
    if (!module_path.empty()) P11Kit().uri_set_module_path(uri.get(), module_path.c_str());
    if (object_class) SetAttribute(uri, CKA_CLASS, &*object_class, sizeof *object_class);
    SetAttribute(uri, CKA_ID, names.id.data(), names.id.size());
    SetAttribute(uri, CKA_LABEL, names.label.data(), names.label.size());
  }
  return Format(uri, P11_KIT_URI_FOR_OBJECT_ON_TOKEN);
}

}  // namespace credmint::pkcs11
