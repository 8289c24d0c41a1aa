// SPDX-License-Identifier: Apache-2.0
#include "pkcs11/function_name.h"

#include <algorithm>
#include <array>
#include <utility>

namespace credmint::pkcs11 {
namespace {

#define CREDMINT_FUNCTION(name) \
  { offsetof(CK_FUNCTION_LIST, name), #name }
constexpr std::array<std::pair<std::size_t, const char*>, 23> kFunctionNames = {{
    CREDMINT_FUNCTION(C_Finalize),
    CREDMINT_FUNCTION(C_GetInfo),
    CREDMINT_FUNCTION(C_GetSlotList),
    CREDMINT_FUNCTION(C_GetSlotInfo),
    CREDMINT_FUNCTION(C_GetTokenInfo),
    CREDMINT_FUNCTION(C_OpenSession),
    CREDMINT_FUNCTION(C_CloseSession),
    CREDMINT_FUNCTION(C_GetSessionInfo),
    CREDMINT_FUNCTION(C_Login),
    CREDMINT_FUNCTION(C_Logout),
    CREDMINT_FUNCTION(C_GetAttributeValue),
    CREDMINT_FUNCTION(C_FindObjectsInit),
    CREDMINT_FUNCTION(C_FindObjects),
    CREDMINT_FUNCTION(C_FindObjectsFinal),
    CREDMINT_FUNCTION(C_SignInit),
    CREDMINT_FUNCTION(C_Sign),
    CREDMINT_FUNCTION(C_GetMechanismInfo),
    CREDMINT_FUNCTION(C_GenerateKeyPair),
    CREDMINT_FUNCTION(C_SetAttributeValue),
    CREDMINT_FUNCTION(C_DestroyObject),
    CREDMINT_FUNCTION(C_CreateObject),
    CREDMINT_FUNCTION(C_InitToken),
    CREDMINT_FUNCTION(C_InitPIN),
}};
#undef CREDMINT_FUNCTION

}  // namespace

const char* FunctionName(std::size_t offset) {
  const auto* found = std::find_if(kFunctionNames.begin(), kFunctionNames.end(),
                                   [&](const auto& name) { return name.first == offset; });
  return found != kFunctionNames.end() ? found->second : "a PKCS#11 call";
}

}  // namespace credmint::pkcs11
