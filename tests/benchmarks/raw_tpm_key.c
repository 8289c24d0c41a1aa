// SPDX-License-Identifier: Apache-2.0
/* As few commands as ESAPI needs: two for a handle, five for a key file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tss2/tss2_esys.h>
#include <tss2/tss2_mu.h>
#include <tss2/tss2_tctildr.h>

#include "raw_key.h"

static void check(TSS2_RC code) {
  if (code == TSS2_RC_SUCCESS) return;
  fprintf(stderr, "failed: 0x%x\n", code);
  exit(1);
}

static size_t read_file(const char* path, unsigned char* bytes, size_t room) {
  FILE* file = fopen(path, "rb");
  if (file == NULL) exit(1);
  const size_t size = fread(bytes, 1, room, file);
  fclose(file);
  return size;
}

/* The template that the format of TPM key files prescribes. */
static ESYS_TR create_primary(ESYS_CONTEXT* esys) {
  const TPM2B_SENSITIVE_CREATE sensitive = {0};
  const TPM2B_DATA outside = {0};
  const TPML_PCR_SELECTION pcr = {0};
  const TPM2B_PUBLIC area = {
      .publicArea = {
          .type = TPM2_ALG_ECC,
          .nameAlg = TPM2_ALG_SHA256,
          .objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                              TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_USERWITHAUTH |
                              TPMA_OBJECT_NODA | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT,
          .parameters.eccDetail = {.symmetric = {.algorithm = TPM2_ALG_AES,
                                                 .keyBits.aes = 128,
                                                 .mode.aes = TPM2_ALG_CFB},
                                   .scheme.scheme = TPM2_ALG_NULL,
                                   .curveID = TPM2_ECC_NIST_P256,
                                   .kdf.scheme = TPM2_ALG_NULL}}};
  ESYS_TR primary = ESYS_TR_NONE;
  check(Esys_CreatePrimary(esys, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                           &sensitive, &area, &outside, &pcr, &primary, NULL, NULL, NULL, NULL));
  return primary;
}

static ESYS_TR load(ESYS_CONTEXT* esys, char** files) {
  unsigned char bytes[2048];
  TPM2B_PUBLIC public = {0};
  TPM2B_PRIVATE private = {0};
  ESYS_TR key = ESYS_TR_NONE;
  size_t size = read_file(files[0], bytes, sizeof bytes);
  check(Tss2_MU_TPM2B_PUBLIC_Unmarshal(bytes, size, NULL, &public));
  size = read_file(files[1], bytes, sizeof bytes);
  check(Tss2_MU_TPM2B_PRIVATE_Unmarshal(bytes, size, NULL, &private));
  const ESYS_TR primary = create_primary(esys);
  check(Esys_Load(esys, primary, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &private, &public,
                  &key));
  check(Esys_FlushContext(esys, primary));
  return key;
}

static ESYS_TR find(ESYS_CONTEXT* esys, const char* handle) {
  ESYS_TR key = ESYS_TR_NONE;
  check(Esys_TR_FromTPMPublic(esys, (TPM2_HANDLE)strtoul(handle, NULL, 16), ESYS_TR_NONE,
                              ESYS_TR_NONE, ESYS_TR_NONE, &key));
  return key;
}

int sign_once(char** key) {
  const TPM2B_DIGEST digest = {.size = TPM2_SHA256_DIGEST_SIZE};
  const TPMT_SIG_SCHEME scheme = {.scheme = TPM2_ALG_ECDSA,
                                  .details.ecdsa.hashAlg = TPM2_ALG_SHA256};
  const TPMT_TK_HASHCHECK ticket = {.tag = TPM2_ST_HASHCHECK, .hierarchy = TPM2_RH_NULL};
  const int is_file = key[2] != NULL;
  TSS2_TCTI_CONTEXT* tcti = NULL;
  ESYS_CONTEXT* esys = NULL;
  TPMT_SIGNATURE* signature = NULL;
  check(Tss2_TctiLdr_Initialize(key[0], &tcti));
  check(Esys_Initialize(&esys, tcti, NULL));
  const ESYS_TR loaded = is_file ? load(esys, key + 1) : find(esys, key[1]);
  check(Esys_Sign(esys, loaded, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &digest, &scheme,
                  &ticket, &signature));
  if (is_file) check(Esys_FlushContext(esys, loaded));
  Esys_Free(signature);
  Esys_Finalize(&esys);
  Tss2_TctiLdr_Finalize(&tcti);
  return 1;
}
