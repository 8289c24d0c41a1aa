// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>

namespace credmint {

/// A moment of civil time, as in certificates, signatures and credentials.
using TimePoint = std::chrono::system_clock::time_point;

/// Returns the current time. Passed to the code that needs it so that tests can set the time.
using Clock = std::function<TimePoint()>;

/// Measures elapsed time. Corrections of the system clock do not affect it.
using Stopwatch = std::function<std::chrono::steady_clock::time_point()>;

}  // namespace credmint
