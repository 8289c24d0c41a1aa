// SPDX-License-Identifier: Apache-2.0
#include "tpm2/device/lockout.h"

#include <map>

#include "tpm2/device/capability.h"

namespace credmint::tpm2 {

Result<void> CheckIsNotLocked(Tpm& tpm) {
  constexpr UINT32 kStates = TPM2_PT_LOCKOUT_INTERVAL - TPM2_PT_PERMANENT + 1;
  auto read = ReadProperties(tpm, TPM2_PT_PERMANENT, kStates);
  if (!read) return Fail(read, "asking the TPM for its state");
  std::map<TPM2_PT, UINT32>& now = *read;
  if ((now[TPM2_PT_PERMANENT] & TPMA_PERMANENT_INLOCKOUT) == 0) return {};
  TpmFailure failure(TPM2_RC_LOCKOUT);
  failure.set_lockout_state(LockoutState{now[TPM2_PT_LOCKOUT_COUNTER], now[TPM2_PT_MAX_AUTH_FAIL],
                                         now[TPM2_PT_LOCKOUT_INTERVAL]});
  return Fail(failure.ToError());
}

}  // namespace credmint::tpm2
