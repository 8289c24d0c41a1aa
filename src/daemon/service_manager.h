// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/error.h"
#include "serve/transport/listen_socket.h"

namespace credmint::daemon {

/// What systemd and managers like it agree on with a service, by environment variables:
/// sd_listen_fds(3), sd_notify(3) and sd_watchdog_enabled(3).

/// The socket that the manager has opened for this process; nothing if it has not. Fails with
/// kLocalIo if there are several, or it is not one to listen on. To be called once, before there
/// are other threads: the variables are removed, so that no child takes the socket for its own.
Result<std::optional<serve::ListenSocket>> SocketOfManager();

/// The time within which the manager wants to be told "WATCHDOG=1" again and again, lest it takes
/// this process for stuck; nothing if it does not.
std::optional<std::chrono::microseconds> WatchdogTime();

/// Tells the manager a state: "READY=1", of which the first one counts, "STOPPING=1" or
/// "WATCHDOG=1". Does nothing where no manager asks to be told ($NOTIFY_SOCKET).
void NotifyManager(const std::string& state);

}  // namespace credmint::daemon
