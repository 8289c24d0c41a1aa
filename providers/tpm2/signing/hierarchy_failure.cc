// SPDX-License-Identifier: Apache-2.0
#include "tpm2/signing/hierarchy_failure.h"

#include <fmt/format.h>

#include "tpm2/device/hierarchy.h"

namespace credmint::tpm2 {
namespace {

constexpr const char* kCheckOwnerAuth =
    "check the value: tpm2-tools count a line feed at the end of a file as part of it; "
    "tpm2_changeauth -c o changes it";
constexpr const char* kCheckEndorsementAuth =
    "check the value: tpm2-tools count a line feed at the end of a file as part of it; "
    "tpm2_changeauth -c e changes it";

}  // namespace

Error HierarchyFailure(TPM2_HANDLE hierarchy, const TpmFailure& failure, const Secret& auth) {
  const char* const name = FindHierarchy(hierarchy)->name;
  const bool is_owner = hierarchy == TPM2_RH_OWNER;
  if (failure.fault() == TpmFault::kHierarchyDisabled) {
    Error error = failure.ToError();
    error.message = fmt::format("{} is disabled in the TPM", name);
    return error;
  }
  if (!failure.WasRefusal()) return failure.ToError();
  if (auth.empty()) {
    return MakeError(
        ErrorCode::kPinRequired, fmt::format("{} needs an auth value and none was given", name),
        is_owner ? Remedy::kGiveOwnerAuth : Remedy::kGiveEndorsementAuth, failure.CountedNote());
  }
  Error error = failure.ToError().In(fmt::format("using {}", name));
  error.SetHint(is_owner ? kCheckOwnerAuth : kCheckEndorsementAuth);
  return error;
}

}  // namespace credmint::tpm2
