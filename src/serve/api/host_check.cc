// SPDX-License-Identifier: Apache-2.0
#include "serve/api/host_check.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <strings.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

namespace credmint::serve {
namespace {

constexpr std::string_view kLocalhost = "localhost";

/// An IPv6 address, or an IPv4 address mapped to IPv6: ::ffff:a.b.c.d.
using Address = std::array<unsigned char, 16>;
constexpr std::array<unsigned char, 12> kIpv4Prefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

std::optional<Address> ParseAddress(const std::string& text) {
  Address address{};
  if (inet_pton(AF_INET6, text.c_str(), address.data()) == 1) return address;
  std::copy(kIpv4Prefix.begin(), kIpv4Prefix.end(), address.begin());
  if (inet_pton(AF_INET, text.c_str(), address.data() + kIpv4Prefix.size()) == 1) return address;
  return std::nullopt;
}

bool IsIpv4(const Address& address) {
  return std::equal(kIpv4Prefix.begin(), kIpv4Prefix.end(), address.begin());
}

bool IsLoopback(const Address& address) {
  if (IsIpv4(address)) return address[kIpv4Prefix.size()] == 127;
  return std::memcmp(address.data(), &in6addr_loopback, address.size()) == 0;
}

bool IsWildcard(const Address& address) {
  const auto first = address.begin() + (IsIpv4(address) ? kIpv4Prefix.size() : 0);
  return std::all_of(first, address.end(), [](unsigned char byte) { return byte == 0; });
}

bool IsPort(std::string_view text) {
  return !text.empty() && text.size() <= 5 &&
         text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// Removes port and brackets from "name", "name:port", "[address]" or "[address]:port".
std::optional<std::string> HostName(std::string_view host) {
  const bool bracketed = host.starts_with('[');
  const auto end = bracketed ? host.find(']') : host.find(':');
  if (bracketed && end == std::string_view::npos) return std::nullopt;
  std::string_view port = end == std::string_view::npos ? "" : host.substr(end);
  if (bracketed) port.remove_prefix(1);
  if (!port.empty() && (port.front() != ':' || !IsPort(port.substr(1)))) return std::nullopt;
  return std::string(bracketed ? host.substr(1, end - 1) : host.substr(0, end));
}

}  // namespace

bool IsLoopback(const std::string& address) {
  const auto parsed = ParseAddress(address);
  return parsed && IsLoopback(*parsed);
}

bool IsOwnHost(std::string_view host, std::string_view listen_address) {
  const auto name = HostName(host);
  if (!name) return false;
  if (strcasecmp(name->c_str(), kLocalhost.data()) == 0) return true;
  const auto address = ParseAddress(*name);
  if (!address || IsLoopback(*address)) return address.has_value();
  const auto own = ParseAddress(std::string(listen_address));
  return own && (*address == *own || IsWildcard(*own));
}

bool IsLocalRequest(const Request& request, std::string_view listen_address) {
  const auto host = FindHeader(request, "Host");
  return host && IsOwnHost(*host, listen_address) && !HasHeader(request, "Origin") &&
         !HasHeader(request, "X-Forwarded-For");
}

}  // namespace credmint::serve
