// SPDX-License-Identifier: Apache-2.0
/* One signature in as few steps as its key allows. Each kind of key has a file, and a program links
 * one of them, so it loads no library that its key does not need. */
#pragma once

/* Makes one signature of a SHA-256 digest. `key` is a list of arguments that ends with NULL:
 *
 *     raw_file_key.c     FILE                              a P-256 or RSA key in PEM
 *     raw_token_key.c    MODULE SLOT_ID PIN LABEL          a P-256 key
 *     raw_tpm_key.c      TCTI HANDLE                       a P-256 key; in hexadecimal
 *     raw_tpm_key.c      TCTI PUBLIC PRIVATE               the same, below the owner's storage key
 *
 * PUBLIC and PRIVATE are files with a marshalled TPM2B_PUBLIC and TPM2B_PRIVATE. Returns whether it
 * succeeded. */
int sign_once(char** key);
