// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/secret.h"

namespace credmint {

/// AWS session credentials, valid until `expiration`.
struct Credentials {
  std::string access_key_id;
  Secret secret_access_key;
  Secret session_token;
  TimePoint expiration;
  std::string account_id;  ///< twelve digits; empty if unknown

  [[nodiscard]] Credentials Clone() const {
    return {access_key_id, secret_access_key.Clone(), session_token.Clone(), expiration,
            account_id};
  }
};

using SharedCredentials = std::shared_ptr<const Credentials>;

}  // namespace credmint
