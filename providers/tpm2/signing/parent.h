// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tss2/tss2_tpm2_types.h>

#include <memory>

#include "base/secret.h"
#include "tpm2/device/tpm_object.h"

namespace credmint::tpm2 {

/// Makes a key's parent usable. Opens a persistent parent, or creates a hierarchy's standard
/// primary key (CONTRACT section 9.1: ECC P-256, or RSA-2048 with `rsa`).
///
/// `auth` is the auth value of the persistent key or of the hierarchy. One TPM command, and those
/// for the session that a non-empty `auth` requires.
TpmResult<TpmObject> OpenParent(const std::shared_ptr<Tpm>& tpm, TPM2_HANDLE parent, bool rsa,
                                const Secret& auth);

/// Creates the primary key of `area`, a template, in a hierarchy (TPM2_RH_…) whose auth value is
/// `auth`. Sets `area` to the public area that was made. One TPM command, and those for the session
/// that a non-empty `auth` requires. The value is sent once.
TpmResult<TpmObject> CreatePrimary(const std::shared_ptr<Tpm>& tpm, TPM2_HANDLE hierarchy,
                                   const Secret& auth, TPM2B_PUBLIC& area);

/// Creates the standard ECC primary of the null hierarchy, which needs no auth value. It serves to
/// salt a session if no other key is loaded. One TPM command.
TpmResult<TpmObject> CreateSaltKey(const std::shared_ptr<Tpm>& tpm);

}  // namespace credmint::tpm2
