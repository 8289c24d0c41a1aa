// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "base/secret.h"
#include "ossl/plain_hmac.h"

namespace credmint::serve {

/// The session tokens of IMDSv2. A token has 64 hexadecimal digits: its expiry, its serial number,
/// and the first half of an HMAC-SHA256. That covers both, and the user that the token is for. The
/// key is generated with this object. No token is stored, so there can be any number of them, and
/// no client's token is dropped for another's.
///
/// Safe to call from any thread.
class ImdsTokens {
 public:
  explicit ImdsTokens(Stopwatch stopwatch = [] { return std::chrono::steady_clock::now(); });

  /// Fails with kInternal if the system has no random numbers.
  Result<Secret> Issue(std::chrono::seconds ttl, std::optional<uid_t> user);

  /// Whether the token was issued by this object for this user and has not expired. The time taken
  /// reveals nothing about valid tokens.
  [[nodiscard]] bool IsValid(std::string_view token, std::optional<uid_t> user) const;

  /// The number of tokens issued.
  [[nodiscard]] std::uint64_t issued() const { return issued_; }

 private:
  [[nodiscard]] std::string CodeOf(std::string_view facts, std::optional<uid_t> user) const;

  Stopwatch stopwatch_;
  std::optional<PlainHmac> hmac_;  // empty if there were no random numbers
  std::atomic<std::uint64_t> issued_ = 0;
};

}  // namespace credmint::serve
