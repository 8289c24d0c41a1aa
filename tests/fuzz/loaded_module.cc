// SPDX-License-Identifier: Apache-2.0
// A PKCS#11 module without functions of its own, for pkcs11_module_fuzzer.cc. The fuzzer sets
// `module_functions` before credmint loads the module.

#include <p11-kit/pkcs11.h>

#define EXPORTED __attribute__((visibility("default")))

extern "C" {

EXPORTED CK_FUNCTION_LIST* module_functions = nullptr;

EXPORTED CK_RV C_GetFunctionList(CK_FUNCTION_LIST** functions) {
  *functions = module_functions;
  return CKR_OK;
}
}
