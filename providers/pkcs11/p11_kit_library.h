// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <p11-kit/uri.h>

#include "base/error.h"

namespace credmint::pkcs11 {

/// The functions of p11-kit, loaded when the first PKCS#11 URI is parsed. Linking it, and libffi
/// with it, would add 0.15 ms to every start of the program, even without a token.
struct P11KitLibrary {
  decltype(&::p11_kit_uri_any_unrecognized) uri_any_unrecognized = nullptr;
  decltype(&::p11_kit_uri_format) uri_format = nullptr;
  decltype(&::p11_kit_uri_free) uri_free = nullptr;
  decltype(&::p11_kit_uri_get_attribute) uri_get_attribute = nullptr;
  decltype(&::p11_kit_uri_get_module_info) uri_get_module_info = nullptr;
  decltype(&::p11_kit_uri_get_module_name) uri_get_module_name = nullptr;
  decltype(&::p11_kit_uri_get_module_path) uri_get_module_path = nullptr;
  decltype(&::p11_kit_uri_get_pin_source) uri_get_pin_source = nullptr;
  decltype(&::p11_kit_uri_get_pin_value) uri_get_pin_value = nullptr;
  decltype(&::p11_kit_uri_get_slot_id) uri_get_slot_id = nullptr;
  decltype(&::p11_kit_uri_get_slot_info) uri_get_slot_info = nullptr;
  decltype(&::p11_kit_uri_get_token_info) uri_get_token_info = nullptr;
  decltype(&::p11_kit_uri_match_module_info) uri_match_module_info = nullptr;
  decltype(&::p11_kit_uri_match_slot_info) uri_match_slot_info = nullptr;
  decltype(&::p11_kit_uri_match_token_info) uri_match_token_info = nullptr;
  decltype(&::p11_kit_uri_message) uri_message = nullptr;
  decltype(&::p11_kit_uri_new) uri_new = nullptr;
  decltype(&::p11_kit_uri_parse) uri_parse = nullptr;
  decltype(&::p11_kit_uri_set_attribute) uri_set_attribute = nullptr;
  decltype(&::p11_kit_uri_set_module_path) uri_set_module_path = nullptr;
  decltype(&::p11_kit_uri_set_slot_id) uri_set_slot_id = nullptr;
};

/// Loads the library once, for the life of the process. Fails with kInternal if it is not
/// installed. Safe to call from any thread.
Result<void> LoadP11Kit();

/// Valid after LoadP11Kit() succeeded.
const P11KitLibrary& P11Kit();

}  // namespace credmint::pkcs11
