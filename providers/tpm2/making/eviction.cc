// SPDX-License-Identifier: Apache-2.0
#include "tpm2/making/eviction.h"

#include "tpm2/device/tss2_library.h"
#include "tpm2/signing/hierarchy_failure.h"

namespace credmint::tpm2 {

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
  if (!done) return Fail(HierarchyFailure(TPM2_RH_OWNER, done.error(), owner_auth));
  if (persistent != ESYS_TR_NONE) tpm->Release(persistent);
  return {};
}

}  // namespace credmint::tpm2
