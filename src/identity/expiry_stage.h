// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>

#include "base/clock.h"
#include "ossl/certificate.h"

namespace credmint {

/// How near the end of a certificate is. Each stage begins 30, 7 and 1 day before it, or when 1/3,
/// 1/6 and 1/24 of the validity are left, if that is later.
enum class ExpiryStage : std::uint8_t { kFar, kComing, kNear, kImminent, kExpired };

ExpiryStage ExpiryStageAt(const Certificate& certificate, TimePoint now);

}  // namespace credmint
