// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <p11-kit/pkcs11.h>

#include <string>
#include <string_view>

#include "base/error.h"

namespace credmint::pkcs11 {

/// The name of a return value as PKCS#11 writes it ("CKR_PIN_INCORRECT"), or its number in
/// hexadecimal for vendor codes.
std::string CkName(CK_RV value);

/// A failed PKCS#11 call as an Error: `function` is the call's name without "C_". PIN codes become
/// kPinIncorrect and kPinLocked; those after which a new session may do better (invalid handles, a
/// lost login, a removed or failing token, a module that was finalised) kDeviceLost; refused
/// mechanisms kKeyUnusable; the rest kDevice; always with the code's name.
Error CkError(std::string_view function, CK_RV value);

}  // namespace credmint::pkcs11
