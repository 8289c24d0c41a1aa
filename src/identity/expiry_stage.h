// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "base/clock.h"
#include "ossl/certificate.h"

namespace credmint {

/// How near the end of a certificate is. Each stage begins 30, 7 and 1 day before it, or when 1/3,
/// 1/6 and 1/24 of the validity are left, if that is later.
enum class ExpiryStage : std::uint8_t { kFar, kComing, kNear, kImminent, kExpired };

ExpiryStage ExpiryStageAt(const Certificate& certificate, TimePoint now);

/// The time until the certificate expires, for people: "12 days", "40 hours", "5 minutes".
/// The unit is the largest of which there are two or more; one that has expired has "0 minutes".
std::string TimeLeft(const Certificate& certificate, TimePoint now);

}  // namespace credmint
