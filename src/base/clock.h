// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>

namespace credmint {

/// A moment of civil time: what certificates, signatures and credentials are dated with.
using TimePoint = std::chrono::system_clock::time_point;

/// Tells the date. Code that needs it is given one, so that a test can choose the date.
using Clock = std::function<TimePoint()>;

/// Measures how long things take, undisturbed by corrections of the date.
using Stopwatch = std::function<std::chrono::steady_clock::time_point()>;

}  // namespace credmint
