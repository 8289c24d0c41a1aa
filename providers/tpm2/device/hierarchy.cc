// SPDX-License-Identifier: Apache-2.0
#include "tpm2/device/hierarchy.h"

namespace credmint::tpm2 {
namespace {

constexpr Hierarchy kHierarchies[] = {
    {TPM2_RH_OWNER, ESYS_TR_RH_OWNER, "the owner hierarchy"},
    {TPM2_RH_ENDORSEMENT, ESYS_TR_RH_ENDORSEMENT, "the endorsement hierarchy"},
    {TPM2_RH_PLATFORM, ESYS_TR_RH_PLATFORM, "the platform hierarchy"},
    {TPM2_RH_NULL, ESYS_TR_RH_NULL, "the null hierarchy"},
    {TPM2_RH_LOCKOUT, ESYS_TR_RH_LOCKOUT, "the lockout authority"},
};

}  // namespace

const Hierarchy* FindHierarchy(TPM2_HANDLE handle) {
  for (const Hierarchy& hierarchy : kHierarchies) {
    if (hierarchy.handle == handle) return &hierarchy;
  }
  return nullptr;
}

}  // namespace credmint::tpm2
