// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "http/url.h"

namespace credmint {

/// The proxy that the environment names for a URL, for messages; empty if there is none. By curl's
/// rules: https_proxy, HTTPS_PROXY, or http_proxy for plain HTTP, then all_proxy and ALL_PROXY,
/// except for the hosts of no_proxy and NO_PROXY. User and password are cut off:
/// "http://***@proxy".
///
/// Does not know networks in no_proxy ("10.0.0.0/8"), which libcurl 7.86 and later compares.
std::string EnvironmentProxy(const Url& url);

/// The status of a proxy that wants a user and a password, and the hint for it.
inline constexpr int kProxyWantsUser = 407;
inline constexpr const char* kHowToNameUser =
    "give them in the variable that names the proxy: http://USER:PASSWORD@HOST:PORT";

/// "http://user:password@proxy:3128/" with "***" for everything between the scheme and the last
/// '@'.
std::string WithoutUser(std::string_view url);

}  // namespace credmint
