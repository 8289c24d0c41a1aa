// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>

#include "base/error.h"
#include "http/message.h"
#include "rolesanywhere/arn.h"

namespace credmint {

/// What a user says about the session wanted. Empty means not said.
struct SessionParameters {
  std::string trust_anchor_arn;
  std::string profile_arn;
  std::string role_arn;
  std::chrono::seconds duration{3600};
  std::string role_session_name;
  std::string region;

  bool operator==(const SessionParameters&) const = default;
};

/// A CreateSession request whose parts fit together (CONTRACT section 1.1). Knows nothing of keys
/// or certificates. Immutable.
class SessionRequest {
 public:
  /// Checks the three ARNs, and that trust anchor and profile are in one region, all three in one
  /// partition and one account; the duration (900 to 43200 s) and the session name (2 to 64 of
  /// A-Z a-z 0-9 _ + = , . @ -). The region is that of the trust anchor, so one that was said must
  /// be the same. Fails with kUsage, one sentence for the first thing that is wrong.
  static Result<SessionRequest> Create(const SessionParameters& parameters);

  [[nodiscard]] const Arn& trust_anchor() const { return trust_anchor_; }
  [[nodiscard]] const Arn& profile() const { return profile_; }
  [[nodiscard]] const Arn& role() const { return role_; }
  [[nodiscard]] std::chrono::seconds duration() const { return duration_; }
  [[nodiscard]] const std::string& role_session_name() const { return role_session_name_; }
  [[nodiscard]] const std::string& region() const { return trust_anchor_.region; }

  /// The JSON body, its members in alphabetical order.
  [[nodiscard]] std::string Body() const;

  /// The HTTP request for an endpoint, complete but for what a signature adds.
  [[nodiscard]] HttpRequest ToHttp(const Url& endpoint) const;

  bool operator==(const SessionRequest&) const = default;

 private:
  SessionRequest() = default;

  Arn trust_anchor_;
  Arn profile_;
  Arn role_;
  std::chrono::seconds duration_{};
  std::string role_session_name_;
};

}  // namespace credmint
