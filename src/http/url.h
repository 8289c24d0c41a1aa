// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace credmint {

/// An absolute http or https URL, split. `host` is in lower case, an IPv6 address in its brackets;
/// `path` (percent-encoded, as it is sent) is empty or begins with '/'; `query` has no '?'.
struct Url {
  std::string scheme;
  std::string host;
  std::uint16_t port = 0;
  std::string path;
  std::string query;
};

/// Parses the URL of a service: scheme, host, optionally a port and a base path, whose final
/// slashes are dropped. Anything more is refused: user name and password, query, fragment, IPv6
/// zone. Fails with kUsage; a URL with a password is not repeated in the message.
Result<Url> ParseEndpointUrl(std::string_view text);

/// "host" or, unless it is the scheme's default, "host:port": the value of the Host header.
std::string HostHeader(const Url& url);

/// The whole URL.
std::string FormatUrl(const Url& url);

/// The host is this machine: localhost, 127.0.0.0/8 or ::1.
bool IsLoopback(const Url& url);

}  // namespace credmint
