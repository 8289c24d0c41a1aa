// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "base/clock.h"
#include "serve/api/credential_bodies.h"
#include "serve/api/imds_tokens.h"
#include "serve/api/served_roles.h"
#include "serve/request.h"
#include "serve/response.h"

namespace credmint::serve {

/// The instance metadata service, version 2, as far as SDKs need it for a role's credentials
/// (CONTRACT section 6). PUT /latest/api/token returns a token, which is required for:
///
///     /latest/meta-data/iam/security-credentials[/]       the first role's name: most SDKs would
///                                                         treat several lines as one long name
///     /latest/meta-data/iam/security-credentials/NAME     a role's credentials
///     /latest/meta-data/iam/info
///     /latest/meta-data/placement/region, .../availability-zone
///     /latest/dynamic/instance-identity/document
///
/// The last three lines describe the first role that the client's user may have. Slashes may be
/// doubled or final. Version 1 requests, without a token, are refused with 401. A PUT is never
/// answered with 403, 404 or 405, because clients would then fall back to version 1. A user who may
/// have no role gets 400. If there are no credentials, the answer is a 5xx with the reason.
///
/// Safe to call from any thread if the roles' sources are.
class Imds {
 public:
  static constexpr std::chrono::seconds kMaxTtl{21600};

  /// `roles` must outlive this object.
  explicit Imds(
      ServedRoles& roles, Clock clock = [] { return std::chrono::system_clock::now(); },
      Stopwatch stopwatch = [] { return std::chrono::steady_clock::now(); });

  [[nodiscard]] Response Answer(const Request& request);

  /// The number of tokens issued.
  [[nodiscard]] std::uint64_t tokens() const { return tokens_.issued(); }

 private:
  Response PutToken(const Request& request);
  Response Metadata(const std::string& path, const Client& client);
  Response SecurityCredentials(const ServedRole& role);
  [[nodiscard]] Response Info(const ServedRole& role) const;
  [[nodiscard]] Response IdentityDocument(const ServedRole& role) const;

  ServedRoles& roles_;
  const Clock clock_;
  const TimePoint started_;
  ImdsTokens tokens_;
  CredentialBodies bodies_;
};

/// Whether the path is /latest or below, known or not.
bool IsImdsPath(const std::string& path);

}  // namespace credmint::serve
