// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "base/clock.h"
#include "serve/health/status.h"

namespace credmint::daemon {

/// The state of all roles in one line, for a service manager, as in:
///
///     web: until 14:05 UTC, certificate 12 days; a, b: PIN refused, waits for SIGHUP
///
/// Roles with the same state share its words. A role whose renewal fails has both the end of its
/// credentials and the cause. A role that uses a spare identity has its name.
std::string StatusLine(std::span<const serve::RoleStatus> roles, TimePoint now);

}  // namespace credmint::daemon
