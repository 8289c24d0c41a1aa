// SPDX-License-Identifier: Apache-2.0
#include "pkcs11/padded_fields.h"

#include <algorithm>
#include <iterator>

namespace credmint::pkcs11 {
namespace {

template <std::size_t N>
void BlankField(CK_UTF8CHAR (&field)[N]) {
  if (field[0] == '\0') return;
  std::replace(std::begin(field), std::end(field), CK_UTF8CHAR{'\0'}, CK_UTF8CHAR{' '});
}

}  // namespace

void BlankNuls(CK_INFO& info) {
  BlankField(info.manufacturerID);
  BlankField(info.libraryDescription);
}

void BlankNuls(CK_SLOT_INFO& info) {
  BlankField(info.slotDescription);
  BlankField(info.manufacturerID);
}

void BlankNuls(CK_TOKEN_INFO& info) {
  BlankField(info.label);
  BlankField(info.manufacturerID);
  BlankField(info.model);
  BlankField(info.serialNumber);
}

}  // namespace credmint::pkcs11
