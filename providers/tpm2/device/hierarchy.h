// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tss2/tss2_esys.h>

namespace credmint::tpm2 {

/// A TPM authority with a handle of its own (TPM 2.0 Part 2 section 7.4).
struct Hierarchy {
  TPM2_HANDLE handle;
  ESYS_TR esys;
  const char* name;  ///< "the owner hierarchy"
};

/// Knows owner, endorsement, platform, null and lockout. Null for any other handle.
const Hierarchy* FindHierarchy(TPM2_HANDLE handle);

}  // namespace credmint::tpm2
