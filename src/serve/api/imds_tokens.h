// SPDX-License-Identifier: Apache-2.0
#pragma once

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

/// The session tokens of IMDSv2: 64 hexadecimal digits that say when the token expires and which
/// one it is, and the first half of their HMAC-SHA256 by a key that was made with this object. None
/// is remembered, so there may be as many as anybody wants, and nobody's are given up for
/// another's.
///
/// Safe to call from any thread.
class ImdsTokens {
 public:
  explicit ImdsTokens(Stopwatch stopwatch = [] { return std::chrono::steady_clock::now(); });

  /// Fails with kInternal where the system has no random numbers.
  Result<Secret> Issue(std::chrono::seconds ttl);

  /// Whether it was issued here and has not expired. How long that takes tells nothing of a token
  /// that would be valid.
  [[nodiscard]] bool IsValid(std::string_view token) const;

  /// How many there have been.
  [[nodiscard]] std::uint64_t issued() const { return issued_; }

 private:
  [[nodiscard]] std::string CodeOf(std::string_view facts) const;

  Stopwatch stopwatch_;
  std::optional<PlainHmac> hmac_;  // none: no random numbers
  std::atomic<std::uint64_t> issued_ = 0;
};

}  // namespace credmint::serve
