// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/error.h"
#include "serve/transport/listen_socket.h"

namespace credmint::daemon {

/// The protocol between a service and systemd or a similar manager, based on environment variables:
/// sd_listen_fds(3), sd_notify(3) and sd_watchdog_enabled(3).

/// Returns the socket that the manager opened for this process, or nothing if there is none. Fails
/// with kLocalIo if there are several, or if it is not a listening socket. Call it once, before
/// there are other threads: it removes the variables so that no child uses the socket.
Result<std::optional<serve::ListenSocket>> SocketOfManager();

/// Returns the interval within which the manager expects "WATCHDOG=1" so that it does not consider
/// this process stuck. Returns nothing if it expects none.
std::optional<std::chrono::microseconds> WatchdogTime();

/// Sends a state to the manager: "READY=1", of which only the first counts, "STOPPING=1",
/// "WATCHDOG=1" or "STATUS=" and a line. Does nothing if no manager listens ($NOTIFY_SOCKET).
void NotifyManager(const std::string& state);

}  // namespace credmint::daemon
