// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "credentials/credential_source.h"
#include "serve/api/served_role.h"

namespace credmint::serve {

// 2026-01-01T12:00:00Z
constexpr TimePoint kNow{std::chrono::seconds(1767268800)};

/// Returns credentials for an hour from kNow, or an error if `fails` is set.
class FakeSource : public CredentialSource {
 public:
  Result<Credentials> Get() override {
    if (fails) return tl::unexpected(error);
    return Credentials{access_key_id, Secret("secret/key+="), Secret("token"), expiration,
                       account_id};
  }

  /// A role with this source, which must outlive it. Any user may have it.
  ServedRole AsRole(const std::string& name = "web", AllowedUsers allowed = AllowedUsers::Any()) {
    const std::shared_ptr<void> nobody;
    return {name,
            "111122223333",
            "aws",
            "eu-central-1",
            std::shared_ptr<CredentialSource>(nobody, this),
            std::move(allowed)};
  }

  bool fails = false;
  Error error{ErrorCode::kServiceBusy, "the service answered 500", ""};
  std::string access_key_id = "ASIAEXAMPLE";
  TimePoint expiration = kNow + std::chrono::hours(1);
  std::string account_id = "111122223333";
};

}  // namespace credmint::serve
