// SPDX-License-Identifier: Apache-2.0
// Fed: three lines, and the body of an answer of the service. The lines are the status and the
// values of X-Amzn-ErrorType and Retry-After.
//
// Holds: credentials are whole and end in time. Messages are one line of bounded length.

#include <chrono>
#include <string>

#include "base/timestamp.h"
#include "fuzz/input.h"
#include "fuzz/require.h"
#include "http/retry_policy.h"
#include "rolesanywhere/service_error.h"
#include "rolesanywhere/session_response.h"

namespace credmint {
namespace {

using test::Require;

constexpr std::size_t kLongestMessage = 1000;

void CheckSuccess(const Secret& body, TimePoint now) {
  const TimePoint latest = now + std::chrono::hours(12);
  const auto credentials = ParseSessionResponse(body, now, latest);
  if (!credentials) {
    return test::RequireOneLine(credentials.error().message, "a refusal is one line");
  }
  Require(!credentials->access_key_id.empty() && !credentials->secret_access_key.empty() &&
              !credentials->session_token.empty(),
          "no credential is empty");
  Require(now < credentials->expiration && credentials->expiration <= latest, "they end in time");
}

void CheckError(const HttpResponse& response) {
  const ServiceError error = ParseServiceError(response);
  Require(!error.code.empty(), "an error has a code");
  const Error described = DescribeServiceError(error);
  test::RequireOneLine(described.message, "a message is one line");
  Require(described.message.size() <= kLongestMessage, "a message is short");
}

void Check(test::Input input) {
  const TimePoint now = *ParseTimestamp("2026-01-31T12:00:00Z");
  HttpResponse response;
  response.status = std::atoi(std::string(input.Line().substr(0, 3)).c_str());
  response.headers = {{"X-Amzn-ErrorType", std::string(input.Line())}};
  const auto wait = ParseRetryAfter(input.Line(), now);
  Require(!wait || wait->count() >= 0, "a wait is not negative");
  const auto delay = RetryDelay(2, 0.5, wait);
  Require(delay.count() >= 0 && delay <= kMaxRetryDelay, "a delay is within its limits");
  response.body = Secret(input.Rest());
  CheckSuccess(response.body, now);
  CheckError(response);
}

}  // namespace
}  // namespace credmint

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  credmint::Check(credmint::test::Input(data, size));
  return 0;
}
