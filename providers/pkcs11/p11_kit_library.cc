// SPDX-License-Identifier: Apache-2.0
#include "pkcs11/p11_kit_library.h"

#include "base/dynamic_library.h"
#include "base/loaded_once.h"

namespace credmint::pkcs11 {
namespace {

Result<void> Find(P11KitLibrary& functions) {
  DynamicLibrary library("libp11-kit.so.0", "libp11-kit0");
  library.Find(functions.uri_any_unrecognized, "p11_kit_uri_any_unrecognized");
  library.Find(functions.uri_format, "p11_kit_uri_format");
  library.Find(functions.uri_free, "p11_kit_uri_free");
  library.Find(functions.uri_get_attribute, "p11_kit_uri_get_attribute");
  library.Find(functions.uri_get_module_info, "p11_kit_uri_get_module_info");
  library.Find(functions.uri_get_module_name, "p11_kit_uri_get_module_name");
  library.Find(functions.uri_get_module_path, "p11_kit_uri_get_module_path");
  library.Find(functions.uri_get_pin_source, "p11_kit_uri_get_pin_source");
  library.Find(functions.uri_get_pin_value, "p11_kit_uri_get_pin_value");
  library.Find(functions.uri_get_slot_id, "p11_kit_uri_get_slot_id");
  library.Find(functions.uri_get_slot_info, "p11_kit_uri_get_slot_info");
  library.Find(functions.uri_get_token_info, "p11_kit_uri_get_token_info");
  library.Find(functions.uri_match_module_info, "p11_kit_uri_match_module_info");
  library.Find(functions.uri_match_slot_info, "p11_kit_uri_match_slot_info");
  library.Find(functions.uri_match_token_info, "p11_kit_uri_match_token_info");
  library.Find(functions.uri_message, "p11_kit_uri_message");
  library.Find(functions.uri_new, "p11_kit_uri_new");
  library.Find(functions.uri_parse, "p11_kit_uri_parse");
  library.Find(functions.uri_set_attribute, "p11_kit_uri_set_attribute");
  library.Find(functions.uri_set_module_path, "p11_kit_uri_set_module_path");
  library.Find(functions.uri_set_slot_id, "p11_kit_uri_set_slot_id");
  return library.Check();
}

using Library = LoadedOnce<P11KitLibrary, Find>;

}  // namespace

Result<void> LoadP11Kit() { return Library::Check(); }

const P11KitLibrary& P11Kit() { return Library::Use(); }

}  // namespace credmint::pkcs11
