// SPDX-License-Identifier: Apache-2.0
#include "tpm2/device/tss2_library.h"

#include "base/dynamic_library.h"
#include "base/loaded_once.h"

namespace credmint::tpm2 {
namespace {

void FindEsys(DynamicLibrary& library, Tss2Library& functions) {
  library.Find(functions.Esys_ActivateCredential, "Esys_ActivateCredential");
  library.Find(functions.Esys_Certify, "Esys_Certify");
  library.Find(functions.Esys_Create, "Esys_Create");
  library.Find(functions.Esys_CreatePrimary, "Esys_CreatePrimary");
  library.Find(functions.Esys_EvictControl, "Esys_EvictControl");
  library.Find(functions.Esys_Finalize, "Esys_Finalize");
  library.Find(functions.Esys_FlushContext, "Esys_FlushContext");
  library.Find(functions.Esys_Free, "Esys_Free");
  library.Find(functions.Esys_GetCapability, "Esys_GetCapability");
  library.Find(functions.Esys_Import, "Esys_Import");
  library.Find(functions.Esys_Initialize, "Esys_Initialize");
  library.Find(functions.Esys_Load, "Esys_Load");
  library.Find(functions.Esys_LoadExternal, "Esys_LoadExternal");
  library.Find(functions.Esys_NV_DefineSpace, "Esys_NV_DefineSpace");
  library.Find(functions.Esys_NV_Read, "Esys_NV_Read");
  library.Find(functions.Esys_NV_ReadPublic, "Esys_NV_ReadPublic");
  library.Find(functions.Esys_NV_UndefineSpace, "Esys_NV_UndefineSpace");
  library.Find(functions.Esys_NV_Write, "Esys_NV_Write");
  library.Find(functions.Esys_PCR_Read, "Esys_PCR_Read");
  library.Find(functions.Esys_PolicyAuthorize, "Esys_PolicyAuthorize");
  library.Find(functions.Esys_PolicyAuthValue, "Esys_PolicyAuthValue");
  library.Find(functions.Esys_PolicyCommandCode, "Esys_PolicyCommandCode");
  library.Find(functions.Esys_PolicyGetDigest, "Esys_PolicyGetDigest");
  library.Find(functions.Esys_PolicyOR, "Esys_PolicyOR");
  library.Find(functions.Esys_PolicyPCR, "Esys_PolicyPCR");
  library.Find(functions.Esys_PolicyRestart, "Esys_PolicyRestart");
  library.Find(functions.Esys_PolicySecret, "Esys_PolicySecret");
  library.Find(functions.Esys_PolicySigned, "Esys_PolicySigned");
  library.Find(functions.Esys_RSA_Decrypt, "Esys_RSA_Decrypt");
  library.Find(functions.Esys_ReadPublic, "Esys_ReadPublic");
  library.Find(functions.Esys_Sign, "Esys_Sign");
  library.Find(functions.Esys_StartAuthSession, "Esys_StartAuthSession");
  library.Find(functions.Esys_TestParms, "Esys_TestParms");
  library.Find(functions.Esys_TR_Close, "Esys_TR_Close");
  library.Find(functions.Esys_TR_Deserialize, "Esys_TR_Deserialize");
  library.Find(functions.Esys_TR_FromTPMPublic, "Esys_TR_FromTPMPublic");
  library.Find(functions.Esys_TR_GetName, "Esys_TR_GetName");
  library.Find(functions.Esys_TR_GetTpmHandle, "Esys_TR_GetTpmHandle");
  library.Find(functions.Esys_TR_Serialize, "Esys_TR_Serialize");
  library.Find(functions.Esys_TR_SetAuth, "Esys_TR_SetAuth");
  library.Find(functions.Esys_TRSess_GetNonceTPM, "Esys_TRSess_GetNonceTPM");
  library.Find(functions.Esys_TRSess_SetAttributes, "Esys_TRSess_SetAttributes");
  library.Find(functions.Esys_VerifySignature, "Esys_VerifySignature");
}

void FindMu(DynamicLibrary& library, Tss2Library& functions) {
  library.Find(functions.Tss2_MU_TPM2B_DIGEST_Marshal, "Tss2_MU_TPM2B_DIGEST_Marshal");
  library.Find(functions.Tss2_MU_TPM2B_DIGEST_Unmarshal, "Tss2_MU_TPM2B_DIGEST_Unmarshal");
  library.Find(functions.Tss2_MU_TPM2B_ENCRYPTED_SECRET_Unmarshal,
               "Tss2_MU_TPM2B_ENCRYPTED_SECRET_Unmarshal");
  library.Find(functions.Tss2_MU_TPM2B_NAME_Marshal, "Tss2_MU_TPM2B_NAME_Marshal");
  library.Find(functions.Tss2_MU_TPM2B_ID_OBJECT_Unmarshal, "Tss2_MU_TPM2B_ID_OBJECT_Unmarshal");
  library.Find(functions.Tss2_MU_TPM2B_NAME_Unmarshal, "Tss2_MU_TPM2B_NAME_Unmarshal");
  library.Find(functions.Tss2_MU_TPM2B_NV_PUBLIC_Unmarshal, "Tss2_MU_TPM2B_NV_PUBLIC_Unmarshal");
  library.Find(functions.Tss2_MU_TPM2B_PRIVATE_Marshal, "Tss2_MU_TPM2B_PRIVATE_Marshal");
  library.Find(functions.Tss2_MU_TPM2B_PRIVATE_Unmarshal, "Tss2_MU_TPM2B_PRIVATE_Unmarshal");
  library.Find(functions.Tss2_MU_TPM2B_PUBLIC_Marshal, "Tss2_MU_TPM2B_PUBLIC_Marshal");
  library.Find(functions.Tss2_MU_TPM2B_PUBLIC_Unmarshal, "Tss2_MU_TPM2B_PUBLIC_Unmarshal");
  library.Find(functions.Tss2_MU_TPML_DIGEST_Marshal, "Tss2_MU_TPML_DIGEST_Marshal");
  library.Find(functions.Tss2_MU_TPML_DIGEST_Unmarshal, "Tss2_MU_TPML_DIGEST_Unmarshal");
  library.Find(functions.Tss2_MU_TPML_PCR_SELECTION_Marshal, "Tss2_MU_TPML_PCR_SELECTION_Marshal");
  library.Find(functions.Tss2_MU_TPML_PCR_SELECTION_Unmarshal,
               "Tss2_MU_TPML_PCR_SELECTION_Unmarshal");
  library.Find(functions.Tss2_MU_TPMT_PUBLIC_Marshal, "Tss2_MU_TPMT_PUBLIC_Marshal");
  library.Find(functions.Tss2_MU_TPMT_SIGNATURE_Marshal, "Tss2_MU_TPMT_SIGNATURE_Marshal");
  library.Find(functions.Tss2_MU_TPMT_SIGNATURE_Unmarshal, "Tss2_MU_TPMT_SIGNATURE_Unmarshal");
  library.Find(functions.Tss2_MU_UINT32_Marshal, "Tss2_MU_UINT32_Marshal");
  library.Find(functions.Tss2_MU_UINT32_Unmarshal, "Tss2_MU_UINT32_Unmarshal");
}

Result<void> Find(Tss2Library& functions) {
  DynamicLibrary esys("libtss2-esys.so.0", "libtss2-esys-3.0.2-0");
  DynamicLibrary mu("libtss2-mu.so.0", "libtss2-mu0");
  DynamicLibrary rc("libtss2-rc.so.0", "libtss2-rc0");
  DynamicLibrary tctildr("libtss2-tctildr.so.0", "libtss2-tctildr0");
  FindEsys(esys, functions);
  FindMu(mu, functions);
  rc.Find(functions.Tss2_RC_Decode, "Tss2_RC_Decode");
  tctildr.Find(functions.Tss2_TctiLdr_Finalize, "Tss2_TctiLdr_Finalize");
  tctildr.Find(functions.Tss2_TctiLdr_Initialize, "Tss2_TctiLdr_Initialize");
  for (const DynamicLibrary* library : {&esys, &mu, &rc, &tctildr}) {
    if (auto found = library->Check(); !found) return found;
  }
  return {};
}

using Library = LoadedOnce<Tss2Library, Find>;

}  // namespace

Result<void> LoadTss2() { return Library::Check(); }

const Tss2Library& Tss2() { return Library::Use(); }

}  // namespace credmint::tpm2
