// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>

#include "base/clock.h"
#include "base/error.h"
#include "ossl/certificate.h"

namespace credmint {

/// Decides when to renew a certificate. Pure functions: chance and time are arguments.

/// When a certificate is due: `before` its end, or when 2/3 of its validity are over. Fails with
/// kUsage if `before` is more than half of the validity: the next certificate would soon be due,
/// too.
Result<TimePoint> RenewalDue(const Certificate& leaf, std::optional<std::chrono::seconds> before);

/// The delay from a failed renewal to the next try. `failures_in_a_row` counts this failure, too;
/// `left` is the rest of the validity; `random` is in [0, 1).
///
/// It starts at one minute and doubles with each further failure, up to a tenth of `left`. It is
/// at most a day, and after the end an hour. Its second half is random.
std::chrono::seconds RenewalRetry(int failures_in_a_row, std::chrono::seconds left, double random);

}  // namespace credmint
