// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "doctor/examination.h"
#include "doctor/examined_identity.h"
#include "ossl/library_context.h"

namespace credmint::doctor {

/// Asks each module and TPM of the identities what it shows, each in its own process, without a
/// login. Reports whether it answers, what it prints, and what the flags of its token or the state
/// of its TPM mean for a login. An identity whose device does not answer is no longer reachable.
void CheckDevices(const Observer& observer, const LibraryContext& context,
                  std::span<ExaminedIdentity> identities);

}  // namespace credmint::doctor
