// SPDX-License-Identifier: Apache-2.0
// A minimal program for one signature by a persistent P-256 key of a TPM, the baseline for
// cold_tpm_signature.py. It sends as few commands as ESAPI needs.
//
//     raw_tpm_signature TCTI HANDLE          HANDLE in hexadecimal

#include <stdio.h>
#include <stdlib.h>
#include <tss2/tss2_esys.h>
#include <tss2/tss2_tctildr.h>

static void Check(TSS2_RC code) {
  if (code == TSS2_RC_SUCCESS) return;
  fprintf(stderr, "failed: 0x%x\n", code);
  exit(1);
}

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const TPM2_HANDLE handle = (TPM2_HANDLE)strtoul(argv[2], NULL, 16);
  const TPM2B_DIGEST digest = {.size = TPM2_SHA256_DIGEST_SIZE};
  const TPMT_SIG_SCHEME scheme = {.scheme = TPM2_ALG_ECDSA,
                                  .details.ecdsa.hashAlg = TPM2_ALG_SHA256};
  const TPMT_TK_HASHCHECK ticket = {.tag = TPM2_ST_HASHCHECK, .hierarchy = TPM2_RH_NULL};
  TSS2_TCTI_CONTEXT* tcti = NULL;
  ESYS_CONTEXT* esys = NULL;
  ESYS_TR key = ESYS_TR_NONE;
  TPMT_SIGNATURE* signature = NULL;
  Check(Tss2_TctiLdr_Initialize(argv[1], &tcti));
  Check(Esys_Initialize(&esys, tcti, NULL));
  Check(Esys_TR_FromTPMPublic(esys, handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &key));
  Check(Esys_Sign(esys, key, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &digest, &scheme,
                  &ticket, &signature));
  const TPM2B_ECC_PARAMETER* r = &signature->signature.ecdsa.signatureR;
  fwrite(r->buffer, 1, r->size, stdout);
  Esys_Free(signature);
  Esys_Finalize(&esys);
  Tss2_TctiLdr_Finalize(&tcti);
  return 0;
}
