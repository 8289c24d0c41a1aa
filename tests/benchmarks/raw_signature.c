// SPDX-License-Identifier: Apache-2.0
/* A minimal program for one signature of a PKCS#11 token, the baseline for cold_signature.py: ten
 * calls, no unnecessary checks, and a known slot.
 *
 *     raw_signature MODULE SLOT_ID PIN LABEL
 */
#include <dlfcn.h>
#include <p11-kit/pkcs11.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  void* library = dlopen(argv[1], RTLD_NOW);
  if (library == NULL) return 2;
  CK_C_GetFunctionList get = (CK_C_GetFunctionList)dlsym(library, "C_GetFunctionList");
  CK_FUNCTION_LIST* functions = NULL;
  if (get == NULL || get(&functions) != CKR_OK) return 2;

  CK_SESSION_HANDLE session = 0;
  CK_OBJECT_HANDLE key = 0;
  CK_ULONG count = 0;
  CK_OBJECT_CLASS private_key = CKO_PRIVATE_KEY;
  CK_ATTRIBUTE search[] = {{CKA_CLASS, &private_key, sizeof private_key},
                           {CKA_LABEL, argv[4], strlen(argv[4])}};
  CK_MECHANISM mechanism = {CKM_ECDSA, NULL, 0};
  CK_BYTE digest[32] = {1};
  CK_BYTE signature[64];
  CK_ULONG size = sizeof signature;
  int failed = functions->C_Initialize(NULL) != CKR_OK;
  failed |= functions->C_OpenSession(strtoul(argv[2], NULL, 10), CKF_SERIAL_SESSION, NULL, NULL,
                                     &session) != CKR_OK;
  failed |= functions->C_Login(session, CKU_USER, (CK_UTF8CHAR*)argv[3], strlen(argv[3])) != CKR_OK;
  failed |= functions->C_FindObjectsInit(session, search, 2) != CKR_OK;
  failed |= functions->C_FindObjects(session, &key, 1, &count) != CKR_OK || count != 1;
  failed |= functions->C_FindObjectsFinal(session) != CKR_OK;
  failed |= functions->C_SignInit(session, &mechanism, key) != CKR_OK;
  failed |= functions->C_Sign(session, digest, sizeof digest, signature, &size) != CKR_OK;
  failed |= functions->C_Finalize(NULL) != CKR_OK;
  return failed;
}
