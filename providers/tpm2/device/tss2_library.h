// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tss2/tss2_esys.h>
#include <tss2/tss2_mu.h>
#include <tss2/tss2_rc.h>
#include <tss2/tss2_tctildr.h>

#include "base/error.h"

namespace credmint::tpm2 {

/// The functions of tpm2-tss, loaded when the first TPM key is opened. Linking its libraries would
/// add half a millisecond to every start of the program, even without a TPM.
struct Tss2Library {
  decltype(&::Esys_ActivateCredential) Esys_ActivateCredential = nullptr;
  decltype(&::Esys_Certify) Esys_Certify = nullptr;
  decltype(&::Esys_Create) Esys_Create = nullptr;
  decltype(&::Esys_CreatePrimary) Esys_CreatePrimary = nullptr;
  decltype(&::Esys_EvictControl) Esys_EvictControl = nullptr;
  decltype(&::Esys_Finalize) Esys_Finalize = nullptr;
  decltype(&::Esys_FlushContext) Esys_FlushContext = nullptr;
  decltype(&::Esys_Free) Esys_Free = nullptr;
  decltype(&::Esys_GetCapability) Esys_GetCapability = nullptr;
  decltype(&::Esys_Import) Esys_Import = nullptr;
  decltype(&::Esys_Initialize) Esys_Initialize = nullptr;
  decltype(&::Esys_Load) Esys_Load = nullptr;
  decltype(&::Esys_LoadExternal) Esys_LoadExternal = nullptr;
  decltype(&::Esys_NV_DefineSpace) Esys_NV_DefineSpace = nullptr;
  decltype(&::Esys_NV_Read) Esys_NV_Read = nullptr;
  decltype(&::Esys_NV_ReadPublic) Esys_NV_ReadPublic = nullptr;
  decltype(&::Esys_NV_UndefineSpace) Esys_NV_UndefineSpace = nullptr;
  decltype(&::Esys_NV_Write) Esys_NV_Write = nullptr;
  decltype(&::Esys_PCR_Read) Esys_PCR_Read = nullptr;
  decltype(&::Esys_PolicyAuthorize) Esys_PolicyAuthorize = nullptr;
  decltype(&::Esys_PolicyAuthValue) Esys_PolicyAuthValue = nullptr;
  decltype(&::Esys_PolicyCommandCode) Esys_PolicyCommandCode = nullptr;
  decltype(&::Esys_PolicyGetDigest) Esys_PolicyGetDigest = nullptr;
  decltype(&::Esys_PolicyOR) Esys_PolicyOR = nullptr;
  decltype(&::Esys_PolicyPCR) Esys_PolicyPCR = nullptr;
  decltype(&::Esys_PolicyRestart) Esys_PolicyRestart = nullptr;
  decltype(&::Esys_PolicySecret) Esys_PolicySecret = nullptr;
  decltype(&::Esys_PolicySigned) Esys_PolicySigned = nullptr;
  decltype(&::Esys_RSA_Decrypt) Esys_RSA_Decrypt = nullptr;
  decltype(&::Esys_ReadPublic) Esys_ReadPublic = nullptr;
  decltype(&::Esys_Sign) Esys_Sign = nullptr;
  decltype(&::Esys_StartAuthSession) Esys_StartAuthSession = nullptr;
  decltype(&::Esys_TestParms) Esys_TestParms = nullptr;
  decltype(&::Esys_TR_Close) Esys_TR_Close = nullptr;
  decltype(&::Esys_TR_Deserialize) Esys_TR_Deserialize = nullptr;
  decltype(&::Esys_TR_FromTPMPublic) Esys_TR_FromTPMPublic = nullptr;
  decltype(&::Esys_TR_GetName) Esys_TR_GetName = nullptr;
  decltype(&::Esys_TR_GetTpmHandle) Esys_TR_GetTpmHandle = nullptr;
  decltype(&::Esys_TR_Serialize) Esys_TR_Serialize = nullptr;
  decltype(&::Esys_TR_SetAuth) Esys_TR_SetAuth = nullptr;
  decltype(&::Esys_TRSess_GetNonceTPM) Esys_TRSess_GetNonceTPM = nullptr;
  decltype(&::Esys_TRSess_SetAttributes) Esys_TRSess_SetAttributes = nullptr;
  decltype(&::Esys_VerifySignature) Esys_VerifySignature = nullptr;
  decltype(&::Tss2_MU_TPM2B_DIGEST_Marshal) Tss2_MU_TPM2B_DIGEST_Marshal = nullptr;
  decltype(&::Tss2_MU_TPM2B_DIGEST_Unmarshal) Tss2_MU_TPM2B_DIGEST_Unmarshal = nullptr;
  decltype(&::Tss2_MU_TPM2B_ENCRYPTED_SECRET_Unmarshal) Tss2_MU_TPM2B_ENCRYPTED_SECRET_Unmarshal =
      nullptr;
  decltype(&::Tss2_MU_TPM2B_NAME_Marshal) Tss2_MU_TPM2B_NAME_Marshal = nullptr;
  decltype(&::Tss2_MU_TPM2B_ID_OBJECT_Unmarshal) Tss2_MU_TPM2B_ID_OBJECT_Unmarshal = nullptr;
  decltype(&::Tss2_MU_TPM2B_NAME_Unmarshal) Tss2_MU_TPM2B_NAME_Unmarshal = nullptr;
  decltype(&::Tss2_MU_TPM2B_NV_PUBLIC_Unmarshal) Tss2_MU_TPM2B_NV_PUBLIC_Unmarshal = nullptr;
  decltype(&::Tss2_MU_TPM2B_PRIVATE_Marshal) Tss2_MU_TPM2B_PRIVATE_Marshal = nullptr;
  decltype(&::Tss2_MU_TPM2B_PRIVATE_Unmarshal) Tss2_MU_TPM2B_PRIVATE_Unmarshal = nullptr;
  decltype(&::Tss2_MU_TPM2B_PUBLIC_Marshal) Tss2_MU_TPM2B_PUBLIC_Marshal = nullptr;
  decltype(&::Tss2_MU_TPM2B_PUBLIC_Unmarshal) Tss2_MU_TPM2B_PUBLIC_Unmarshal = nullptr;
  decltype(&::Tss2_MU_TPML_DIGEST_Marshal) Tss2_MU_TPML_DIGEST_Marshal = nullptr;
  decltype(&::Tss2_MU_TPML_DIGEST_Unmarshal) Tss2_MU_TPML_DIGEST_Unmarshal = nullptr;
  decltype(&::Tss2_MU_TPML_PCR_SELECTION_Marshal) Tss2_MU_TPML_PCR_SELECTION_Marshal = nullptr;
  decltype(&::Tss2_MU_TPML_PCR_SELECTION_Unmarshal) Tss2_MU_TPML_PCR_SELECTION_Unmarshal = nullptr;
  decltype(&::Tss2_MU_TPMT_PUBLIC_Marshal) Tss2_MU_TPMT_PUBLIC_Marshal = nullptr;
  decltype(&::Tss2_MU_TPMT_SIGNATURE_Marshal) Tss2_MU_TPMT_SIGNATURE_Marshal = nullptr;
  decltype(&::Tss2_MU_TPMT_SIGNATURE_Unmarshal) Tss2_MU_TPMT_SIGNATURE_Unmarshal = nullptr;
  decltype(&::Tss2_MU_UINT32_Marshal) Tss2_MU_UINT32_Marshal = nullptr;
  decltype(&::Tss2_MU_UINT32_Unmarshal) Tss2_MU_UINT32_Unmarshal = nullptr;
  decltype(&::Tss2_RC_Decode) Tss2_RC_Decode = nullptr;
  decltype(&::Tss2_TctiLdr_Finalize) Tss2_TctiLdr_Finalize = nullptr;
  decltype(&::Tss2_TctiLdr_Initialize) Tss2_TctiLdr_Initialize = nullptr;
};

/// Loads the libraries once, for the life of the process. Fails with kInternal if they are not
/// installed. Safe to call from any thread. Call it before parsing a TPM key or connecting to a
/// TPM.
Result<void> LoadTss2();

/// Valid after LoadTss2() succeeded.
const Tss2Library& Tss2();

/// Frees what ESAPI returned. For use with Handle.
inline void EsysFree(void* pointer) { Tss2().Esys_Free(pointer); }

}  // namespace credmint::tpm2
