// SPDX-License-Identifier: Apache-2.0
#include "identity/expiry_stage.h"

#include <algorithm>

namespace credmint {

ExpiryStage ExpiryStageAt(const Certificate& certificate, TimePoint now) {
  using std::chrono::days;
  using Duration = TimePoint::duration;
  const Duration validity = certificate.NotAfter() - certificate.NotBefore();
  const Duration left = certificate.NotAfter() - now;
  if (left <= Duration::zero()) return ExpiryStage::kExpired;
  if (left <= std::min<Duration>(days(1), validity / 24)) return ExpiryStage::kImminent;
  if (left <= std::min<Duration>(days(7), validity / 6)) return ExpiryStage::kNear;
  if (left <= std::min<Duration>(days(30), validity / 3)) return ExpiryStage::kComing;
  return ExpiryStage::kFar;
}

}  // namespace credmint
