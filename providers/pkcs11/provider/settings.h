// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace credmint::pkcs11 {

// Parameters of the store that are also settings in openssl.cnf; store.h describes them.
inline constexpr const char* kModulePathParam = "pkcs11-module-path";
inline constexpr const char* kAllowFinalTryParam = "pkcs11-allow-final-try";
inline constexpr const char* kRememberPinParam = "pkcs11-remember-pin";

}  // namespace credmint::pkcs11
