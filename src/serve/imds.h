#pragma once

#include <chrono>
#include <string>

#include "base/clock.h"
#include "base/guarded.h"
#include "serve/imds_tokens.h"
#include "serve/request.h"
#include "serve/response.h"
#include "serve/role.h"

namespace credmint::serve {

/// The instance metadata service, version 2, as far as SDKs need it for the credentials of one
/// role (CONTRACT section 6): a token by PUT /latest/api/token, and with it
///
///     /latest/meta-data/iam/security-credentials[/]       the role's name
///     /latest/meta-data/iam/security-credentials/NAME     its credentials
///     /latest/meta-data/iam/info
///     /latest/meta-data/placement/region, .../availability-zone
///     /latest/dynamic/instance-identity/document
///
/// Slashes may be doubled or stand at the end. Version 1, without a token, is refused with 401. No
/// valid PUT is answered with 403, 404 or 405, by which clients would take this for version 1.
/// Without credentials the answer is a 5xx with the reason.
///
/// Safe to call from any thread if the role's source is.
class Imds {
 public:
  static constexpr std::chrono::seconds kMaxTtl{21600};

  explicit Imds(
      Role role, Clock clock = [] { return std::chrono::system_clock::now(); },
      Stopwatch stopwatch = [] { return std::chrono::steady_clock::now(); });

  [[nodiscard]] Response Answer(const Request& request);

 private:
  struct Updated {
    std::string access_key_id;
    TimePoint time;
  };

  Response PutToken(const Request& request);
  Response Metadata(const std::string& path);
  Response SecurityCredentials();
  [[nodiscard]] Response Info() const;
  [[nodiscard]] Response IdentityDocument() const;
  [[nodiscard]] TimePoint LastUpdated(const std::string& access_key_id);

  const Role role_;
  const Clock clock_;
  const TimePoint started_;
  ImdsTokens tokens_;
  Guarded<Updated> updated_;
};

/// Whether it is a path of the service, right or wrong: /latest, and all that is below.
bool IsImdsPath(const std::string& path);

}  // namespace credmint::serve
