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
/// (CONTRACT section 6): a token by PUT /latest/api/token, and with it
///
///     /latest/meta-data/iam/security-credentials[/]       the first role's name: most SDKs would
///                                                         take more lines for one long name
///     /latest/meta-data/iam/security-credentials/NAME     a role's credentials
///     /latest/meta-data/iam/info
///     /latest/meta-data/placement/region, .../availability-zone
///     /latest/dynamic/instance-identity/document
///
/// where what follows the credentials is told of the first role. Slashes may be doubled or stand at
/// the end. Version 1, without a token, is refused with 401. No valid PUT is answered with 403, 404
/// or 405, by which clients would take this for version 1. Without credentials the answer is a 5xx
/// with the reason.
///
/// Safe to call from any thread if the roles' sources are.
class Imds {
 public:
  static constexpr std::chrono::seconds kMaxTtl{21600};

  /// The roles must outlive this.
  explicit Imds(
      ServedRoles& roles, Clock clock = [] { return std::chrono::system_clock::now(); },
      Stopwatch stopwatch = [] { return std::chrono::steady_clock::now(); });

  [[nodiscard]] Response Answer(const Request& request);

  /// How many tokens have been given out.
  [[nodiscard]] std::uint64_t tokens() const { return tokens_.issued(); }

 private:
  Response PutToken(const Request& request);
  Response Metadata(const std::string& path);
  Response SecurityCredentials(const ServedRole& role);
  [[nodiscard]] Response Info(const ServedRole& role) const;
  [[nodiscard]] Response IdentityDocument(const ServedRole& role) const;

  ServedRoles& roles_;
  const Clock clock_;
  const TimePoint started_;
  ImdsTokens tokens_;
  CredentialBodies bodies_;
};

/// Whether it is a path of the service, right or wrong: /latest, and all that is below.
bool IsImdsPath(const std::string& path);

}  // namespace credmint::serve
