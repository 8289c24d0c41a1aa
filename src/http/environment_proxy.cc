// SPDX-License-Identifier: Apache-2.0
#include "http/environment_proxy.h"

#include <fmt/format.h>
#include <stdlib.h>

#include <initializer_list>

namespace credmint {
namespace {

/// The first of these variables that is set and not empty.
std::string_view FirstSet(std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const char* const value = getenv(name);
    if (value != nullptr && *value != '\0') return value;
  }
  return {};
}

bool Covers(std::string_view entry, std::string_view host) {
  if (entry == "*") return true;
  while (entry.starts_with('.')) entry.remove_prefix(1);
  if (entry.empty() || !host.ends_with(entry)) return false;
  return host.size() == entry.size() || host[host.size() - entry.size() - 1] == '.';
}

bool IsExempt(std::string_view host) {
  std::string_view rest = FirstSet({"no_proxy", "NO_PROXY"});
  constexpr std::string_view kBetween = ", ";
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find_first_of(kBetween), rest.size());
    if (Covers(rest.substr(0, end), host)) return true;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return false;
}

}  // namespace

std::string EnvironmentProxy(const Url& url) {
  if (IsExempt(url.host)) return {};
  // curl never reads HTTP_PROXY in upper case, because CGI lets a client set it.
  const std::string_view proxy =
      url.scheme == "https" ? FirstSet({"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"})
                            : FirstSet({"http_proxy", "all_proxy", "ALL_PROXY"});
  return WithoutUser(proxy);
}

std::string WithoutUser(std::string_view url) {
  const std::size_t scheme = url.find("://");
  const std::size_t begin = scheme == std::string_view::npos ? 0 : scheme + 3;
  const std::size_t at = url.rfind('@');  // a password may hold a '/'
  if (at == std::string_view::npos || at < begin) return std::string(url);
  return fmt::format("{}***@{}", url.substr(0, begin), url.substr(at + 1));
}

}  // namespace credmint
