// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tss2/tss2_tpm2_types.h>

#include <memory>
#include <span>

#include "base/error.h"
#include "common/digest_table.h"
#include "common/public_key.h"
#include "tpm2/device/tpm.h"

namespace credmint::tpm2 {

/// Finds the handle of the persistent key that has one of these public halves. Uses no auth value.
///
/// Fails with kKeyNotFound if there is none, and with kKeyAmbiguous if several of the halves are
/// there. It takes the first of several handles with the same half.
Result<TPM2_HANDLE> FindPersistent(const std::shared_ptr<Tpm>& tpm,
                                   std::span<const provider::PublicKey> halves,
                                   provider::DigestTable& digests);

}  // namespace credmint::tpm2
