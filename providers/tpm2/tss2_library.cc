#include "tpm2/tss2_library.h"

#include "base/dynamic_library.h"

namespace credmint::tpm2 {
namespace {

struct Loaded {
  Tss2Library functions;
  Result<void> result;
};

void FindEsys(DynamicLibrary& library, Tss2Library& functions) {
  library.Find(functions.Esys_Initialize, "Esys_Initialize");
  library.Find(functions.Esys_Finalize, "Esys_Finalize");
  library.Find(functions.Esys_Free, "Esys_Free");
  library.Find(functions.Esys_CreatePrimary, "Esys_CreatePrimary");
  library.Find(functions.Esys_FlushContext, "Esys_FlushContext");
  library.Find(functions.Esys_Load, "Esys_Load");
  library.Find(functions.Esys_ReadPublic, "Esys_ReadPublic");
  library.Find(functions.Esys_Sign, "Esys_Sign");
  library.Find(functions.Esys_StartAuthSession, "Esys_StartAuthSession");
  library.Find(functions.Esys_TRSess_SetAttributes, "Esys_TRSess_SetAttributes");
  library.Find(functions.Esys_TR_Close, "Esys_TR_Close");
  library.Find(functions.Esys_TR_FromTPMPublic, "Esys_TR_FromTPMPublic");
  library.Find(functions.Esys_TR_GetTpmHandle, "Esys_TR_GetTpmHandle");
  library.Find(functions.Esys_TR_SetAuth, "Esys_TR_SetAuth");
}

Loaded Load() {
  DynamicLibrary esys("libtss2-esys.so.0");
  DynamicLibrary mu("libtss2-mu.so.0");
  DynamicLibrary rc("libtss2-rc.so.0");
  DynamicLibrary tctildr("libtss2-tctildr.so.0");
  Loaded loaded;
  Tss2Library& functions = loaded.functions;
  FindEsys(esys, functions);
  mu.Find(functions.Tss2_MU_TPM2B_PRIVATE_Unmarshal, "Tss2_MU_TPM2B_PRIVATE_Unmarshal");
  mu.Find(functions.Tss2_MU_TPM2B_PUBLIC_Unmarshal, "Tss2_MU_TPM2B_PUBLIC_Unmarshal");
  rc.Find(functions.Tss2_RC_Decode, "Tss2_RC_Decode");
  tctildr.Find(functions.Tss2_TctiLdr_Finalize, "Tss2_TctiLdr_Finalize");
  tctildr.Find(functions.Tss2_TctiLdr_Initialize, "Tss2_TctiLdr_Initialize");
  for (const DynamicLibrary* library : {&esys, &mu, &rc, &tctildr}) {
    if (loaded.result) loaded.result = library->Check();
  }
  return loaded;
}

/// Never destroyed: exit handlers may still call it.
const Loaded& Get() {
  static const auto* const kLoaded = new Loaded(Load());
  return *kLoaded;
}

}  // namespace

Result<void> LoadTss2() { return Get().result; }

const Tss2Library& Tss2() { return Get().functions; }

}  // namespace credmint::tpm2
