// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "serve/request.h"

namespace credmint::serve {

/// Whether a numeric IP address, without brackets, is a loopback address: 127.0.0.0/8 or ::1.
bool IsLoopback(const std::string& address);

/// Whether `host`, the value of a Host field, names this server, with or without a port. Accepts
/// localhost, a loopback address, and the listen address; if that is the wildcard, any IP address.
/// Rejects all other names, because their owners can make them point here (DNS rebinding).
bool IsOwnHost(std::string_view host, std::string_view listen_address);

/// Whether a local program made the request for itself. Host must be ours. Origin would mean a web
/// page, and X-Forwarded-For a proxy.
bool IsLocalRequest(const Request& request, std::string_view listen_address);

}  // namespace credmint::serve
