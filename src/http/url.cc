// SPDX-License-Identifier: Apache-2.0
#include "http/url.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <system_error>

#include "base/shown_value.h"
#include "http/curl_handles.h"
#include "http/environment_proxy.h"

namespace credmint {
namespace {

constexpr std::uint16_t kHttpPort = 80;
constexpr std::uint16_t kHttpsPort = 443;

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return lower;
}

/// Empty if the URL has no such part.
std::string Part(CURLU* url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (Curl().url_get(url, part, &text, flags) != CURLUE_OK) return {};
  const CurlTextPtr owner(text);
  return text;
}

std::string_view Explain(CURLUcode code) {
  switch (code) {
    case CURLUE_BAD_PORT_NUMBER:
      return "its port is not a number from 1 to 65535";
    case CURLUE_BAD_IPV6:
      return "its IPv6 address is malformed";
    case CURLUE_BAD_HOSTNAME:
    case CURLUE_NO_HOST:
      return "its host name is malformed";
    default:
      return "it is malformed";
  }
}

/// The limits of RFC 1035 section 2.3.4. libcurl would ask the name servers for longer names too.
bool FitsDns(std::string_view host) {
  constexpr std::size_t kMaxName = 253;
  constexpr std::size_t kMaxLabel = 63;
  if (host.ends_with('.')) host.remove_suffix(1);
  if (host.size() > kMaxName) return false;
  while (host.size() > kMaxLabel) {
    const std::size_t dot = host.find('.');
    if (dot > kMaxLabel) return false;
    host.remove_prefix(dot + 1);
  }
  return true;
}

/// Whether it has only characters of names and addresses. An escape would be decoded when libcurl
/// parses the URL, and the rest of it once more when it connects.
bool HasPlainCharacters(std::string_view host) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyz0123456789-._";
  const bool is_ipv6 = host.starts_with('[') && host.ends_with(']');  // libcurl has checked it
  return is_ipv6 || host.find_first_not_of(kPlain) == std::string_view::npos;
}

/// Whether "user@" or "user:password@" precedes the host.
bool HasUser(std::string_view text) {
  const std::size_t slashes = text.find("//");
  if (slashes != std::string_view::npos) text.remove_prefix(slashes + 2);
  return text.substr(0, text.find_first_of("/?#")).find('@') != std::string_view::npos;
}

/// Whether libcurl would take the host as it is: a name, or four numbers. It rewrites other ways to
/// write an address, such as "127.1".
bool IsPlainHost(const std::string& host) {
  const auto is_letter = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto is_known = [&](char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '.';
  };
  if (!std::all_of(host.begin(), host.end(), is_known)) return false;
  if (in_addr v4{}; inet_pton(AF_INET, host.c_str(), &v4) == 1) return true;
  const std::size_t label = host.rfind('.') + 1;
  return label < host.size() && is_letter(host[label]);
}

/// Splits a URL that consists of a scheme, a plain host, and perhaps a port. Most are like that,
/// and loading libcurl for them would take longer than all else that a hit of the cache does.
std::optional<Url> SplitPlainUrl(const std::string& scheme, std::string_view rest) {
  while (rest.ends_with('/')) rest.remove_suffix(1);
  Url url;
  url.scheme = scheme;
  url.port = scheme == "https" ? kHttpsPort : kHttpPort;
  const std::size_t colon = rest.find(':');
  url.host = Lower(rest.substr(0, colon));
  if (!IsPlainHost(url.host)) return std::nullopt;
  if (colon == std::string_view::npos) return url;
  const std::string_view port = rest.substr(colon + 1);
  const auto [end, failed] = std::from_chars(port.data(), port.data() + port.size(), url.port);
  const bool is_number = failed == std::errc() && end == port.data() + port.size();
  return is_number && url.port != 0 ? std::optional(url) : std::nullopt;
}

}  // namespace

Result<Url> ParseEndpointUrl(std::string_view text) {
  if (HasUser(text)) {
    return Fail(ErrorCode::kUsage, "an endpoint URL must not contain a user name or password");
  }
  const auto refuse = [text](std::string_view why) {
    return Fail(ErrorCode::kUsage,
                fmt::format("{} is not an endpoint URL: {}", Shown(WithoutUser(text)), why));
  };
  if (!std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; })) {
    return refuse("it contains a blank or a character outside ASCII");
  }
  const std::string scheme = Lower(text.substr(0, text.find("://")));
  if (scheme.size() == text.size() || (scheme != "https" && scheme != "http")) {
    return refuse("it does not begin with https:// or http://");
  }
  // libcurl would treat https:///path as a typing error and use its first segment as the host.
  if (text.substr(scheme.size() + 3).starts_with('/')) return refuse("it names no host");
  if (text.find_first_of("?#") != std::string_view::npos) {
    return refuse("it has a query or a fragment");
  }

  if (const auto plain = SplitPlainUrl(scheme, text.substr(scheme.size() + 3))) {
    if (!FitsDns(plain->host)) return refuse("its host name is longer than DNS allows");
    return *plain;
  }
  if (auto curl = LoadCurl(); !curl) return Fail(std::move(curl));
  const CurlUrlPtr parsed(Curl().url());
  if (!parsed) return Fail(ErrorCode::kInternal, "out of memory");
  const CURLUcode code =
      Curl().url_set(parsed.get(), CURLUPART_URL, std::string(text).c_str(), CURLU_DISALLOW_USER);
  if (code != CURLUE_OK) return refuse(Explain(code));
  if (!Part(parsed.get(), CURLUPART_ZONEID).empty()) return refuse("it has an IPv6 zone");

  Url url;
  url.scheme = scheme;
  url.host = Lower(Part(parsed.get(), CURLUPART_HOST));
  if (!HasPlainCharacters(url.host)) return refuse(Explain(CURLUE_BAD_HOSTNAME));
  if (!FitsDns(url.host)) return refuse("its host name is longer than DNS allows");
  const std::string port = Part(parsed.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT);
  std::from_chars(port.data(), port.data() + port.size(), url.port);
  if (url.port == 0) return refuse(Explain(CURLUE_BAD_PORT_NUMBER));
  url.path = Part(parsed.get(), CURLUPART_PATH);
  url.path.erase(url.path.find_last_not_of('/') + 1);
  return url;
}

std::string HostHeader(const Url& url) {
  const bool is_default = url.port == (url.scheme == "https" ? kHttpsPort : kHttpPort);
  return is_default ? url.host : fmt::format("{}:{}", url.host, url.port);
}

std::string FormatUrl(const Url& url) {
  return fmt::format("{}://{}{}{}{}", url.scheme, HostHeader(url),
                     url.path.empty() ? "/" : url.path, url.query.empty() ? "" : "?", url.query);
}

bool IsLoopback(const Url& url) {
  std::string_view host = url.host;
  if (host.ends_with('.')) host.remove_suffix(1);
  if (host == "localhost") return true;
  if (in_addr v4{}; inet_pton(AF_INET, std::string(host).c_str(), &v4) == 1) {
    return ntohl(v4.s_addr) >> 24U == IN_LOOPBACKNET;
  }
  if (!host.starts_with('[') || !host.ends_with(']')) return false;
  in6_addr v6{};
  const std::string literal(host.substr(1, host.size() - 2));
  if (inet_pton(AF_INET6, literal.c_str(), &v6) != 1) return false;
  return std::equal(std::begin(v6.s6_addr), std::end(v6.s6_addr),
                    std::begin(in6addr_loopback.s6_addr));
}

}  // namespace credmint
