#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/error.h"
#include "base/guarded.h"
#include "base/secret.h"

namespace credmint::serve {

/// How many tokens there are: those that are valid, and those that gave way while they were.
struct TokenCounts {
  std::uint64_t valid = 0;
  std::uint64_t evicted = 0;
};

/// The session tokens of IMDSv2 that have been handed out: 32 random bytes as hexadecimal digits.
/// Their number is bounded; for one more, the one that expires first is given up, whose holder then
/// fetches another (CONTRACT section 6.1: a 401 makes clients do that).
///
/// Safe to call from any thread.
class ImdsTokens {
 public:
  static constexpr std::size_t kMaxTokens = 4096;

  explicit ImdsTokens(Stopwatch stopwatch = [] { return std::chrono::steady_clock::now(); })
      : stopwatch_(std::move(stopwatch)) {}

  /// Fails with kInternal where the system has no random numbers.
  Result<Secret> Issue(std::chrono::seconds ttl);

  /// Whether it was issued here and has not expired. How long that takes tells nothing of a token
  /// beyond its first 8 bytes, which only find it.
  [[nodiscard]] bool IsValid(std::string_view token);

  /// Those that are held, also if they have expired.
  [[nodiscard]] std::size_t size();

  [[nodiscard]] TokenCounts Counts();

 private:
  using Moment = std::chrono::steady_clock::time_point;
  struct Entry {
    Secret rest;  // what must be the same
    Moment expiry;
  };
  struct Tokens {
    std::map<std::string, Entry, std::less<>> by_start;
    std::set<std::pair<Moment, std::string>> by_expiry;
    std::uint64_t evicted = 0;

    void EraseFirst(Moment now);
  };

  Stopwatch stopwatch_;
  Guarded<Tokens> tokens_;
};

}  // namespace credmint::serve
