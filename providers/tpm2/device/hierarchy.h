// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tss2/tss2_esys.h>

namespace credmint::tpm2 {

/// One of the TPM's authorities that have a handle of their own (TPM 2.0 Part 2 section 7.4).
struct Hierarchy {
  TPM2_HANDLE handle;
  ESYS_TR esys;
  const char* name;  ///< "the owner hierarchy"
};

/// Owner, endorsement, platform, null and lockout; null for any other handle.
const Hierarchy* FindHierarchy(TPM2_HANDLE handle);

}  // namespace credmint::tpm2
