// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "base/error.h"
#include "base/secret.h"
#include "tpm2/device/tpm_object.h"
#include "tpm2/signing/auth_session.h"

namespace credmint::tpm2 {

/// Makes a loaded key persistent at `handle`, or removes the persistent key that is there
/// (TPM2_EvictControl). The owner hierarchy authorises it. One TPM command, and those for the
/// session that a non-empty `owner_auth` requires. The value is sent once.
Result<void> Evict(const std::shared_ptr<Tpm>& tpm, const TpmObject& key, TPM2_HANDLE handle,
                   const Secret& owner_auth, const SaltKey& salt_key);

}  // namespace credmint::tpm2
