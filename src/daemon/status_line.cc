// SPDX-License-Identifier: Apache-2.0
#include "daemon/status_line.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/time_left.h"
#include "serve/health/cause.h"

namespace credmint::daemon {
namespace {

std::string StateOf(const serve::RoleStatus& role, TimePoint now) {
  const RefresherState& state = role.state;
  const std::string cause(state.failure ? serve::CauseOf(*state.failure) : "");
  if (!state.has_valid || !state.expiration)
    return cause.empty() ? "asks for the first time" : cause;
  std::string text = fmt::format(
      "until {:%H:%M} UTC", fmt::gmtime(std::chrono::system_clock::to_time_t(*state.expiration)));
  if (role.certificate_expires) {
    text += fmt::format(", certificate {}", TimeLeft(*role.certificate_expires, now));
  }
  if (!role.spare_in_use.empty()) text += ", with the identity " + role.spare_in_use;
  if (!cause.empty()) text += fmt::format(", renewal fails: {}", cause);
  return text;
}

}  // namespace

std::string StatusLine(std::span<const serve::RoleStatus> roles, TimePoint now) {
  std::vector<std::pair<std::string, std::vector<std::string>>> states;
  for (const serve::RoleStatus& role : roles) {
    std::string state = StateOf(role, now);
    const auto same = std::find_if(states.begin(), states.end(),
                                   [&](const auto& one) { return one.first == state; });
    auto& [text, names] = same != states.end() ? *same : states.emplace_back(std::move(state), 0);
    names.push_back(role.name);
  }
  std::vector<std::string> parts;
  parts.reserve(states.size());
  for (const auto& [text, names] : states) {
    parts.push_back(fmt::format("{}: {}", fmt::join(names, ", "), text));
  }
  return fmt::format("{}", fmt::join(parts, "; "));
}

}  // namespace credmint::daemon
