// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "serve/request.h"

namespace credmint::serve {

/// Whether a numeric IP address, without brackets, is one of this machine's loopback interface:
/// 127.0.0.0/8 or ::1.
bool IsLoopback(const std::string& address);

/// Whether `host`, the value of a Host field, names this server: localhost, a loopback address, or
/// the address that it listens on, with a port or without. Where that is the wildcard, any address
/// will do. No other name will, because whoever owns it can make it point here (DNS rebinding).
bool IsOwnHost(std::string_view host, std::string_view listen_address);

/// Whether a request was made by a program here for itself: Host is ours, and it is neither a web
/// page's (Origin) nor passed on for somebody else (X-Forwarded-For).
bool IsLocalRequest(const Request& request, std::string_view listen_address);

}  // namespace credmint::serve
