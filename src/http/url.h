// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace credmint {

/// An absolute http or https URL, split into its parts. `host` is in lower case, with an IPv6
/// address in its brackets. `path` is percent-encoded, as sent, and is empty or begins with '/'.
/// `query` has no '?'.
struct Url {
  std::string scheme;
  std::string host;
  std::uint16_t port = 0;
  std::string path;
  std::string query;
};

/// Parses a service's URL: scheme, host, and optionally a port and a base path, without its final
/// slashes. Refuses a user name, a password, a query, a fragment or an IPv6 zone. Fails with
/// kUsage. The message never shows a URL with a password.
Result<Url> ParseEndpointUrl(std::string_view text);

/// Returns the value of the Host header: "host", or "host:port" if the port is not the scheme's
/// default.
std::string HostHeader(const Url& url);

/// Returns the whole URL.
std::string FormatUrl(const Url& url);

/// Whether the host is this machine: localhost, 127.0.0.0/8 or ::1.
bool IsLoopback(const Url& url);

}  // namespace credmint
