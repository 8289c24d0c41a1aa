// SPDX-License-Identifier: Apache-2.0
// Fed: a text that may be a timestamp, an HTTP date, or a Retry-After.
//
// Holds: a time is between 1970 and 2262. It is read as what it is written as, in whole seconds.

#include <chrono>

#include "base/timestamp.h"
#include "fuzz/input.h"
#include "fuzz/require.h"
#include "http/retry_policy.h"

namespace credmint {
namespace {

void CheckTime(const Result<TimePoint>& time) {
  if (!time) return test::RequireOneLine(time.error().message, "a refusal is one line");
  const auto whole = std::chrono::floor<std::chrono::seconds>(*time);
  test::Require(whole.time_since_epoch().count() >= 0, "no time is before 1970");
  const auto again = ParseTimestamp(FormatTimestamp(*time));
  test::Require(again && *again == whole, "a time is read as it is written");
  test::Require(FormatBasicTimestamp(*time).size() == 16, "the basic form has 16 characters");
}

void Check(std::string_view text) {
  CheckTime(ParseTimestamp(text));
  CheckTime(ParseHttpDate(text));
  const auto wait = ParseRetryAfter(text, *ParseTimestamp("2026-01-31T12:00:00Z"));
  test::Require(!wait || wait->count() >= 0, "a wait is not negative");
}

}  // namespace
}  // namespace credmint

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  credmint::Check(credmint::test::Input(data, size).Rest());
  return 0;
}
