// SPDX-License-Identifier: Apache-2.0
#include "identity/device_loss.h"

namespace credmint {

bool IsDeviceLoss(ErrorCode code) {
  return code == ErrorCode::kTokenAbsent || code == ErrorCode::kModuleFailed ||
         code == ErrorCode::kDevice || code == ErrorCode::kDeviceLost;
}

}  // namespace credmint
