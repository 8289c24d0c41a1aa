// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <thread>

namespace credmint {

/// A thread of the process that waits for something to do. While a thread loads a library, the
/// dynamic linker lets no other one start. So the thread that loads libcurl also connects
/// afterwards, and nobody waits for a start.

/// Starts the spare thread. It does `first`, and then waits. It takes no signals.
void StartSpareThread(std::function<void()> first);

/// Has the spare thread do something, or a new one if there is none. The caller joins what is
/// returned. It is not joinable if no thread can be started.
std::thread RunOnSpareThread(std::function<void()> task);

/// Ends the spare thread if it still waits.
void EndSpareThread();

}  // namespace credmint
