// SPDX-License-Identifier: Apache-2.0
#include "doctor/surroundings.h"

#include <errno.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <string_view>

#include "base/shown_value.h"
#include "base/users.h"
#include "http/curl_library.h"
#include "http/environment_proxy.h"
#include "serve/transport/http_server.h"

namespace credmint::doctor {
namespace {

std::vector<std::string> Groups() {
  std::vector<gid_t> groups(static_cast<std::size_t>(std::max(getgroups(0, nullptr), 0)));
  const int count = getgroups(static_cast<int>(groups.size()), groups.data());
  groups.resize(static_cast<std::size_t>(std::max(count, 0)));
  if (std::find(groups.begin(), groups.end(), getegid()) == groups.end()) {
    groups.push_back(getegid());
  }
  std::vector<std::string> names;
  names.reserve(groups.size());
  for (const gid_t group : groups) names.push_back(NameOfGroup(group));
  return names;
}

/// Tells the hosts in the value of a proxy's variable, or in a list of hosts without a proxy.
void IdentifyHosts(const Observer& observer, std::string_view value) {
  constexpr std::string_view kBetween = ", ";
  while (!value.empty()) {
    std::string_view host = value.substr(0, value.find_first_of(kBetween));
    value.remove_prefix(std::min(host.size() + 1, value.size()));
    if (const std::size_t scheme = host.find("://"); scheme != std::string_view::npos) {
      host.remove_prefix(scheme + 3);
    }
    host.remove_prefix(std::min(host.rfind('@') + 1, host.size()));
    observer.identified(std::string(host.substr(0, host.find_first_of(":/"))));
  }
}

/// Whether this user may read one of the paths, which a colon separates.
bool IsThere(std::string_view paths) {
  for (;;) {
    const std::size_t end = paths.find(':');
    if (access(std::string(paths.substr(0, end)).c_str(), R_OK) == 0) return true;
    if (end == std::string_view::npos) return false;
    paths.remove_prefix(end + 1);
  }
}

void CheckVariable(const Topic& topic, const Variable& variable, const char* value) {
  const std::string text =
      fmt::format("{} {}: {}", variable.name, variable.effect, Shown(WithoutUser(value)));
  if (variable.kind == Variable::Kind::kDoubt) {
    return topic.Warn(text, fmt::format("unset {} if it is not meant for this", variable.name));
  }
  if (variable.kind == Variable::Kind::kFile && !IsThere(value)) {
    return topic.Warn(fmt::format("{}: {}", text, strerror(errno)),
                      fmt::format("correct {}, or unset it", variable.name));
  }
  topic.Ok(text);
}

}  // namespace

void CheckUser(const Observer& observer) {
  const Topic topic(observer, "user");
  topic.Ok(fmt::format("{} (uid {}), groups {}", NameOfUser(geteuid()), geteuid(),
                       fmt::join(Groups(), ", ")));
}

void CheckEnvironment(const Observer& observer, std::span<const Variable> variables) {
  const Topic topic(observer, "environment");
  bool any = false;
  for (const Variable& variable : variables) {
    const char* const value = getenv(variable.name);
    if (value == nullptr || *value == '\0') continue;
    any = true;
    const std::string_view name = variable.name;
    if (name.ends_with("proxy") || name.ends_with("PROXY")) IdentifyHosts(observer, value);
    CheckVariable(topic, variable, value);
  }
  if (!any) topic.Ok("no variable changes what happens");
}

void CheckLibraries(const Observer& observer, bool serves) {
  const Topic topic(observer, "libraries");
  const auto curl = LoadCurl();
  const auto microhttpd = serves ? serve::HttpServer::CheckLibrary() : Result<void>();
  if (!curl) topic.Fail(curl.error());
  if (!microhttpd) topic.Fail(microhttpd.error());
  if (curl && microhttpd) {
    topic.Ok(serves ? "libcurl and libmicrohttpd can be loaded" : "libcurl can be loaded");
  }
}

}  // namespace credmint::doctor
