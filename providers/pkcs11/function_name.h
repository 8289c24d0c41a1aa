// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <p11-kit/pkcs11.h>

#include <cstddef>

namespace credmint::pkcs11 {

/// The name of the function at an offset in CK_FUNCTION_LIST: "C_Sign". "a PKCS#11 call" for those
/// that we do not use.
const char* FunctionName(std::size_t offset);

}  // namespace credmint::pkcs11
