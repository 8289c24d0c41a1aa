// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"

namespace credmint::doctor {

/// Asks a running `serve` at its status address whether every role has valid credentials
/// (serve/health/status.h), as a health check of a container does. Waits five seconds at most. A
/// wildcard address, such as 0.0.0.0, leads to this machine.
///
/// Fails with
///
/// - kServiceBusy: a role has none. The message has the reasons.
/// - kServiceAnswer: something else answers there.
/// - kNetwork, kTimeout: nothing answers.
Result<void> CheckServerHealth(const std::string& address, std::uint16_t port);

}  // namespace credmint::doctor
