// SPDX-License-Identifier: Apache-2.0
#include "tpm2/making/eviction.h"

#include "tpm2/device/tss2_library.h"

namespace credmint::tpm2 {

Error OwnerFailure(const TpmFailure& failure, const Secret& owner_auth) {
  if (failure.fault() == TpmFault::kHierarchyDisabled) {
    Error error = failure.ToError();
    error.message = "the owner hierarchy is disabled in the TPM";
    return error;
  }
  if (!failure.WasRefusal()) return failure.ToError();
  if (owner_auth.empty()) {
    return MakeError(ErrorCode::kPinRequired,
                     "the owner hierarchy needs an auth value and none was given",
                     Remedy::kGiveOwnerAuth, failure.CountedNote());
  }
  Error error = failure.ToError().In("using the owner hierarchy");
  error.SetHint(
      "check the value: tpm2-tools count a line feed at the end of a file as part of it; "
      "tpm2_changeauth -c o changes it");
  return error;
}

Result<void> Evict(const std::shared_ptr<Tpm>& tpm, const TpmObject& key, TPM2_HANDLE handle,
                   const Secret& owner_auth, const SaltKey& salt_key) {
  const auto hold = tpm->Hold();
  const auto session = SessionFor(tpm, owner_auth, salt_key);
  if (!session) return Fail(session, "starting a TPM session");
  if (auto set = SetAuth(*tpm, ESYS_TR_RH_OWNER, owner_auth); !set) {
    return Fail(set, "using the owner hierarchy");
  }
  ESYS_TR persistent = ESYS_TR_NONE;
  const auto done = tpm->Run([&](ESYS_CONTEXT* esys) {
    return Tss2().Esys_EvictControl(esys, ESYS_TR_RH_OWNER, key.handle(), session->handle(),
                                    ESYS_TR_NONE, ESYS_TR_NONE, handle, &persistent);
  });
  if (!done) return Fail(OwnerFailure(done.error(), owner_auth));
  if (persistent != ESYS_TR_NONE) tpm->Release(persistent);
  return {};
}

}  // namespace credmint::tpm2
