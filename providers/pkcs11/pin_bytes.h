// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <p11-kit/pkcs11.h>

#include "base/secret.h"

namespace credmint::pkcs11 {

/// The bytes of a PIN, unsigned and writable as modules take them. They are passed unchanged.
inline CK_UTF8CHAR_PTR PinBytes(const Secret& pin) {
  return reinterpret_cast<CK_UTF8CHAR_PTR>(const_cast<char*>(pin.Reveal().data()));
}

}  // namespace credmint::pkcs11
