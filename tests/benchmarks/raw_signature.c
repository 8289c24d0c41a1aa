// SPDX-License-Identifier: Apache-2.0
/* A minimal program for one signature, the baseline for cold_signature.py and cold_tpm_signature.py:
 *
 *     raw_..._signature KEY...          see raw_key.h
 */
#include "raw_key.h"

int main(int argc, char** argv) { return argc > 1 && sign_once(argv + 1) ? 0 : 1; }
