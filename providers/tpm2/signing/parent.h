// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tss2/tss2_tpm2_types.h>

#include <memory>

#include "base/secret.h"
#include "tpm2/device/tpm_object.h"

namespace credmint::tpm2 {

/// Makes a key's parent usable: a persistent one is looked up, a hierarchy's standard primary key
/// is made anew (CONTRACT section 9.1: ECC P-256, or RSA-2048 with `rsa`). One TPM command, and
/// what the session for a non-empty `auth`, the value of the persistent key or of the hierarchy,
/// needs.
TpmResult<TpmObject> OpenParent(const std::shared_ptr<Tpm>& tpm, TPM2_HANDLE parent, bool rsa,
                                const Secret& auth);

/// The standard ECC primary of the null hierarchy, which needs no auth value: a key to salt a
/// session with where no other is at hand. One TPM command.
TpmResult<TpmObject> CreateSaltKey(const std::shared_ptr<Tpm>& tpm);

}  // namespace credmint::tpm2
