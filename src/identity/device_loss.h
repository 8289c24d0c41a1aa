// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.h"

namespace credmint {

/// Whether a device is gone or does not work, so that the key of another may be used instead. No
/// token matches, the TPM cannot be reached, or the module fails, crashes or hangs.
///
/// False for everything that is about a secret, above all a refused PIN. A PIN counts as refused if
/// the module ended while it tried it. Also false for a key that is not found on a device that
/// answers, and for a module that cannot be loaded.
bool IsDeviceLoss(ErrorCode code);

}  // namespace credmint
