// SPDX-License-Identifier: Apache-2.0
/* Ten calls, no unnecessary checks, and a known slot. */
#include <dlfcn.h>
#include <p11-kit/pkcs11.h>
#include <stdlib.h>
#include <string.h>

#include "raw_key.h"

static CK_FUNCTION_LIST* load(const char* module) {
  void* library = dlopen(module, RTLD_NOW);
  if (library == NULL) return NULL;
  CK_C_GetFunctionList get = (CK_C_GetFunctionList)dlsym(library, "C_GetFunctionList");
  CK_FUNCTION_LIST* functions = NULL;
  return get != NULL && get(&functions) == CKR_OK ? functions : NULL;
}

int sign_once(char** key) {
  CK_FUNCTION_LIST* functions = load(key[0]);
  if (functions == NULL) return 0;
  CK_UTF8CHAR* pin = (CK_UTF8CHAR*)key[2];
  CK_SESSION_HANDLE session = 0;
  CK_OBJECT_HANDLE found = 0;
  CK_ULONG count = 0;
  CK_OBJECT_CLASS private_key = CKO_PRIVATE_KEY;
  CK_ATTRIBUTE search[] = {{CKA_CLASS, &private_key, sizeof private_key},
                           {CKA_LABEL, key[3], strlen(key[3])}};
  CK_MECHANISM mechanism = {CKM_ECDSA, NULL, 0};
  CK_BYTE digest[32] = {1};
  CK_BYTE signature[64];
  CK_ULONG size = sizeof signature;
  int failed = functions->C_Initialize(NULL) != CKR_OK;
  failed |= functions->C_OpenSession(strtoul(key[1], NULL, 0), CKF_SERIAL_SESSION, NULL, NULL,
                                     &session) != CKR_OK;
  failed |= functions->C_Login(session, CKU_USER, pin, strlen(key[2])) != CKR_OK;
  failed |= functions->C_FindObjectsInit(session, search, 2) != CKR_OK;
  failed |= functions->C_FindObjects(session, &found, 1, &count) != CKR_OK || count != 1;
  failed |= functions->C_FindObjectsFinal(session) != CKR_OK;
  failed |= functions->C_SignInit(session, &mechanism, found) != CKR_OK;
  failed |= functions->C_Sign(session, digest, sizeof digest, signature, &size) != CKR_OK;
  failed |= functions->C_Finalize(NULL) != CKR_OK;
  return !failed;
}
