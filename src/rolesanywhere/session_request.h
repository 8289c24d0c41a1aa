// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>

#include "base/error.h"
#include "http/message.h"
#include "rolesanywhere/arn.h"

namespace credmint {

/// The user's parameters for a session. Empty means not specified.
struct SessionParameters {
  std::string trust_anchor_arn;
  std::string profile_arn;
  std::string role_arn;
  std::chrono::seconds duration{3600};
  std::string role_session_name;
  std::string region;

  bool operator==(const SessionParameters&) const = default;
};

/// The checks of SessionRequest::Create() that need no other parameter.
Result<void> CheckSessionDuration(std::chrono::seconds duration);
Result<void> CheckSessionName(const std::string& name);

/// A consistent CreateSession request (CONTRACT section 1.1). Independent of keys and certificates.
/// Immutable.
class SessionRequest {
 public:
  /// Checks the parameters:
  ///
  /// - The three ARNs, which must share one partition and one account.
  /// - The trust anchor and the profile, which must share one region.
  /// - `region`, which must be the trust anchor's if specified.
  /// - The duration: 900 to 43200 s.
  /// - The session name: 2 to 64 of A-Z a-z 0-9 _ + = , . @ -
  ///
  /// Fails with kUsage and one sentence for the first problem.
  static Result<SessionRequest> Create(const SessionParameters& parameters);

  [[nodiscard]] const Arn& trust_anchor() const { return trust_anchor_; }
  [[nodiscard]] const Arn& profile() const { return profile_; }
  [[nodiscard]] const Arn& role() const { return role_; }
  [[nodiscard]] std::chrono::seconds duration() const { return duration_; }
  [[nodiscard]] const std::string& role_session_name() const { return role_session_name_; }
  [[nodiscard]] const std::string& region() const { return trust_anchor_.region; }

  /// Returns the JSON body, with its members in alphabetical order.
  [[nodiscard]] std::string Body() const;

  /// Returns the HTTP request for an endpoint, complete except for what signing adds.
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
