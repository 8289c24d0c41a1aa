// SPDX-License-Identifier: Apache-2.0
// A TCTI without a TPM, for tpm_responses_fuzzer.cc. The fuzzer sets `tcti_init` before tpm2-tss
// loads it.

#include <tss2/tss2_tcti.h>

#define EXPORTED __attribute__((visibility("default")))

extern "C" {

EXPORTED TSS2_TCTI_INIT_FUNC tcti_init = nullptr;

EXPORTED const TSS2_TCTI_INFO* Tss2_Tcti_Info() {
  static TSS2_TCTI_INFO info{};
  info = {2, "loaded", "answers of a fuzzer", "", tcti_init};
  return &info;
}
}
