// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <thread>

namespace credmint {

/// Starts a thread that takes no signals: the main thread handles them, or holds some back at a
/// prompt. If the system gives no thread, the result is not joinable, and `body` never runs.
std::thread StartQuietThread(std::function<void()> body);

}  // namespace credmint
