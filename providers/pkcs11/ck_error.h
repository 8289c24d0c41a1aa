// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <p11-kit/pkcs11.h>

#include <string>
#include <string_view>

#include "base/error.h"

namespace credmint::pkcs11 {

/// The name of a return value as PKCS#11 writes it ("CKR_PIN_INCORRECT"). Vendor codes are returned
/// in hexadecimal.
std::string CkName(CK_RV value);

/// Turns a failed PKCS#11 call into an Error. `function` is the call's name without "C_". The
/// message always names the return value. The error codes are:
///
/// * kPinIncorrect and kPinLocked for what concerns the PIN
/// * kDeviceLost for what a new session may cure: invalid handles, a lost login, a removed or
///   failing token, a finalised module
/// * kKeyUnusable for a refused mechanism or key
/// * kDevice for everything else
Error CkError(std::string_view function, CK_RV value);

}  // namespace credmint::pkcs11
