// SPDX-License-Identifier: Apache-2.0
#include "rolesanywhere/session_request.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "base/printable.h"
#include "base/shown_value.h"
#include "rolesanywhere/endpoint.h"

namespace credmint {
namespace {

using std::chrono::seconds;

constexpr seconds kMinDuration{900};
constexpr seconds kMaxDuration{43200};
constexpr std::size_t kMinSessionName = 2;
constexpr std::size_t kMaxSessionName = 64;
constexpr std::string_view kSessionNameCharacters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+=,.@-";

constexpr const char* kTogether =
    "trust anchor, profile and role must be of one partition and account, trust anchor and profile "
    "of one region";

tl::unexpected<Error> FailUsage(std::string message, std::string hint = {}) {
  return Fail(ErrorCode::kUsage, std::move(message), std::move(hint));
}

/// Checks that a resource is in the trust anchor's partition, account and (except for the role)
/// region. The service requires that.
Result<void> CheckTogether(std::string_view what, const Arn& arn, const Arn& trust_anchor) {
  const auto compare = [&](std::string_view field, const std::string& value,
                           const std::string& expected) -> Result<void> {
    if (value == expected) return {};
    return FailUsage(fmt::format("the {} is in the {} '{}' and the trust anchor in '{}'", what,
                                 field, Printable(value), Printable(expected)),
                     kTogether);
  };
  auto same = compare("partition", arn.partition, trust_anchor.partition);
  if (same) same = compare("account", arn.account, trust_anchor.account);
  if (same && !arn.region.empty()) same = compare("region", arn.region, trust_anchor.region);
  return same;
}

Result<void> CheckRegion(const std::string& region, const Arn& trust_anchor) {
  if (!IsRegionName(trust_anchor.region)) {
    return FailUsage(
        fmt::format("the trust anchor's region, {}, is not a region", Shown(trust_anchor.region)));
  }
  if (region.empty() || region == trust_anchor.region) return {};
  return FailUsage(fmt::format("the region is {} and the trust anchor is in '{}'", Shown(region),
                               trust_anchor.region));
}

}  // namespace

Result<void> CheckSessionDuration(seconds duration) {
  if (duration >= kMinDuration && duration <= kMaxDuration) return {};
  return FailUsage(fmt::format("the session duration must be {} to {} seconds, not {}",
                               kMinDuration.count(), kMaxDuration.count(), duration.count()));
}

Result<void> CheckSessionName(const std::string& name) {
  if (name.empty()) return {};
  if (name.size() < kMinSessionName || name.size() > kMaxSessionName) {
    return FailUsage(fmt::format("the role session name must have {} to {} characters, not {}",
                                 kMinSessionName, kMaxSessionName, name.size()));
  }
  if (name.find_first_not_of(kSessionNameCharacters) == std::string::npos) return {};
  return FailUsage(fmt::format(
      "the role session name {} has characters other than A-Z a-z 0-9 _+=,.@-", Shown(name)));
}

Result<SessionRequest> SessionRequest::Create(const SessionParameters& parameters) {
  Result<Arn> trust_anchor = ParseTrustAnchorArn(parameters.trust_anchor_arn);
  if (!trust_anchor) return Fail(std::move(trust_anchor));
  Result<Arn> profile = ParseProfileArn(parameters.profile_arn);
  if (!profile) return Fail(std::move(profile));
  Result<Arn> role = ParseRoleArn(parameters.role_arn);
  if (!role) return Fail(std::move(role));

  auto checked = CheckTogether("profile", *profile, *trust_anchor);
  if (checked) checked = CheckTogether("role", *role, *trust_anchor);
  if (checked) checked = CheckRegion(parameters.region, *trust_anchor);
  if (checked) checked = CheckSessionDuration(parameters.duration);
  if (checked) checked = CheckSessionName(parameters.role_session_name);
  if (!checked) return Fail(std::move(checked));

  SessionRequest request;
  request.trust_anchor_ = *std::move(trust_anchor);
  request.profile_ = *std::move(profile);
  request.role_ = *std::move(role);
  request.duration_ = parameters.duration;
  request.role_session_name_ = parameters.role_session_name;
  return request;
}

std::string SessionRequest::Body() const {
  nlohmann::ordered_json body;
  body["durationSeconds"] = duration_.count();
  body["profileArn"] = profile_.text;
  body["roleArn"] = role_.text;
  if (!role_session_name_.empty()) body["roleSessionName"] = role_session_name_;
  body["trustAnchorArn"] = trust_anchor_.text;
  return body.dump();
}

HttpRequest SessionRequest::ToHttp(const Url& endpoint) const {
  HttpRequest request;
  request.method = "POST";
  request.url = endpoint;
  request.url.path += "/sessions";
  request.headers = {{"Content-Type", "application/json"}};
  request.body = Body();
  return request;
}

}  // namespace credmint
