// SPDX-License-Identifier: Apache-2.0
#include "rolesanywhere/session_minter.h"

#include <fmt/format.h>

#include <thread>
#include <utility>

#include "base/log.h"
#include "base/printable.h"
#include "base/random_fraction.h"
#include "base/time_left.h"
#include "base/timestamp.h"
#include "http/retry_policy.h"
#include "rolesanywhere/likely_causes.h"
#include "rolesanywhere/service_error.h"
#include "rolesanywhere/session_response.h"
#include "rolesanywhere/sigv4_x509.h"

namespace credmint {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr std::size_t kLongestRequestId = 64;
constexpr std::chrono::minutes kTolerableClockError{4};
/// A responder must not be able to make a key sign for an arbitrary date.
constexpr std::chrono::hours kLongestCorrection{24};
/// The service refuses a signature after five minutes. Clocks differ, too.
constexpr seconds kOldestSignature{60};
/// How much later than requested the credentials may expire.
constexpr std::chrono::minutes kExpirationTolerance{15};

std::optional<TimePoint> DateOf(const HttpResponse& response) {
  const auto header = FindHeader(response.headers, "Date");
  if (!header) return std::nullopt;
  const Result<TimePoint> date = ParseHttpDate(*header);
  return date ? std::optional(*date) : std::nullopt;
}

bool IsCorrected(seconds clock_error) {
  return std::chrono::abs(clock_error) <= kLongestCorrection;
}

/// "7 minutes ahead of the service's". `clock_error` is the service's clock minus ours.
std::string Offset(seconds clock_error) {
  return fmt::format("{} {} the service's", InWords(clock_error),
                     clock_error.count() > 0 ? "behind" : "ahead of");
}

std::string ClockInWords(seconds clock_error) {
  return "this machine's clock is " + Offset(clock_error);
}

std::string ClockHint(seconds clock_error) {
  return fmt::format("set this machine's clock: it is {}{}", Offset(clock_error),
                     IsCorrected(clock_error) ? "" : ", and at most 24 hours are corrected");
}

/// Returns the latest plausible expiration for a response to a request for `duration`. The
/// response's date is believed within the limit of clock correction.
TimePoint LatestExpiration(const HttpResponse& response, TimePoint now, seconds clock_error,
                           seconds duration) {
  const auto date = DateOf(response);
  const bool is_believed = date && IsCorrected(std::chrono::duration_cast<seconds>(*date - now));
  return (is_believed ? *date : now + clock_error) + duration + kExpirationTolerance;
}

/// Rejects credentials that have expired by our clock, which is then ahead of the service's. A
/// request signed by the service's clock can return such credentials, and SDKs would not use them.
Result<Credentials> RefuseExpired(Result<Credentials> credentials, TimePoint now,
                                  seconds clock_error) {
  if (!credentials || credentials->expiration > now) return credentials;
  return Fail(ErrorCode::kServiceAnswer,
              fmt::format("the credentials expire at {}, and by this machine's clock it is {}: {}",
                          FormatTimestamp(credentials->expiration), FormatTimestamp(now),
                          ClockInWords(clock_error)));
}

/// Returns the service's clock minus ours if the request may have been refused for that difference.
std::optional<seconds> ClockError(const HttpResponse& response, TimePoint now) {
  if (response.status != 400 && response.status != 403) return std::nullopt;
  const auto date = DateOf(response);
  if (!date) return std::nullopt;
  const auto error = std::chrono::duration_cast<seconds>(*date - now);
  return std::chrono::abs(error) > kTolerableClockError ? std::optional(error) : std::nullopt;
}

std::optional<milliseconds> RetryAfter(const HttpResponse& response, TimePoint now) {
  const auto header = FindHeader(response.headers, "Retry-After");
  return header ? ParseRetryAfter(*header, now) : std::nullopt;
}

/// Closes a transport's connection at the end of a scope.
class ClosedTransport {
 public:
  explicit ClosedTransport(Transport& transport) : transport_(transport) {}
  ~ClosedTransport() { transport_.Close(); }
  ClosedTransport(const ClosedTransport&) = delete;
  ClosedTransport& operator=(const ClosedTransport&) = delete;

 private:
  Transport& transport_;
};

Error DescribeRefusal(const HttpResponse& response, const SessionRequest& request,
                      const Identity& identity) {
  const ServiceError refusal = ParseServiceError(response);
  Error error = DescribeServiceError(refusal);
  error.request_id = refusal.request_id;
  if (error.code != ErrorCode::kServiceRefused) return error;
  SetLikelyCauses(refusal, request, identity.chain(), error);
  return error;
}

}  // namespace

/// The outcome of one request, with what the next one needs to know.
struct SessionMinter::Attempt {
  Result<Credentials> credentials;
  std::optional<seconds> clock_error = std::nullopt;
  std::optional<milliseconds> retry_after = std::nullopt;
};

SessionMinter::SessionMinter(SessionOptions options, const LibraryContext& context,
                             IdentitySource identity, Transport& transport,
                             SessionEnvironment environment)
    : options_(std::move(options)),
      context_(context),
      identity_(std::move(identity)),
      transport_(transport),
      environment_(std::move(environment)) {
  if (!environment_.sleep) {
    environment_.sleep = [](milliseconds time) { std::this_thread::sleep_for(time); };
  }
  if (!environment_.random) environment_.random = RandomFraction;
}

Result<Credentials> SessionMinter::Get() {
  const ClosedTransport closed(transport_);
  if (options_.connect == Connect::kWhileOpening) transport_.Prepare(Unsigned(), options_.timeout);
  Result<std::shared_ptr<const Identity>> identity = identity_();
  if (!identity) return Fail(std::move(identity));
  if (options_.connect == Connect::kWhileSigning) {
    context_.FetchForThreads();
    transport_.Prepare(Unsigned(), options_.timeout);
  }
  Result<Credentials> credentials = Create(**identity);
  if (!credentials) return Fail(std::move(credentials), "creating a session");
  LogDebug(fmt::format("credentials {} are valid until {}", credentials->access_key_id,
                       FormatTimestamp(credentials->expiration)));
  return credentials;
}

Result<Credentials> SessionMinter::Create(const Identity& identity) const {
  const steady_clock::time_point deadline = environment_.stopwatch() + options_.timeout;
  std::optional<seconds> clock_error;
  for (int number = 1;;) {
    LogDebug(fmt::format("CreateSession for {} in {}, attempt {} of {}{}",
                         options_.request.role().text, options_.request.region(), number,
                         options_.max_attempts, clock_error ? ", by the service's clock" : ""));
    Attempt attempt = Try(identity, clock_error.value_or(seconds(0)), deadline);
    if (attempt.credentials) return std::move(attempt.credentials);
    Error error = std::move(attempt.credentials).error();
    LogDebug(error.message);

    if (attempt.clock_error && !clock_error && IsCorrected(*attempt.clock_error)) {
      clock_error = attempt.clock_error;
      LogDebug(ClockInWords(*clock_error) + ": signing again by the service's");
      if (environment_.clock_is_off) environment_.clock_is_off(ClockInWords(*clock_error));
      continue;
    }
    if (const auto known = clock_error ? clock_error : attempt.clock_error; known) {
      const std::string hint = ClockHint(*known);
      LogDebug(hint);
      error.AddHint(hint);
    }
    const milliseconds delay = RetryDelay(number + 1, environment_.random(), attempt.retry_after);
    if (!IsRetryable(error.code) || number == options_.max_attempts || delay >= Left(deadline)) {
      if (error.code == ErrorCode::kServiceRefused && !error.HasHint()) {
        error.hint = kLookIntoCloudTrail;
      }
      if (attempt.retry_after) error.retry_after = *attempt.retry_after;
      if (number > 1) error.message += fmt::format(" (attempt {})", number);
      return Fail(std::move(error));
    }
    LogDebug(fmt::format("trying again in {} ms", delay.count()));
    environment_.sleep(delay);
    ++number;
  }
}

Result<HttpRequest> SessionMinter::Sign(const Identity& identity, seconds clock_error) const {
  return SignRequest(context_, identity, Unsigned(), options_.request.region(),
                     environment_.clock() + clock_error);
}

/// Signs while the connection is being made, and again if that took too long.
Result<HttpRequest> SessionMinter::SignToSend(const Identity& identity, seconds clock_error) const {
  const steady_clock::time_point start = environment_.stopwatch();
  Result<HttpRequest> request = Sign(identity, clock_error);
  if (!request) return request;
  transport_.AwaitConnection();
  const bool is_old = environment_.stopwatch() - start > kOldestSignature;
  return is_old ? Sign(identity, clock_error) : request;
}

SessionMinter::Attempt SessionMinter::Try(const Identity& identity, seconds clock_error,
                                          steady_clock::time_point deadline) const {
  Result<HttpRequest> request = SignToSend(identity, clock_error);
  if (!request) return {Fail(std::move(request))};
  Result<HttpResponse> response = transport_.Send(*request, Left(deadline));
  if (!response) return {Fail(std::move(response))};
  const TimePoint now = environment_.clock();
  if (IsSuccess(*response) && !IsWebPage(*response)) {
    const TimePoint latest =
        LatestExpiration(*response, now, clock_error, options_.request.duration());
    return {RefuseExpired(ParseSessionResponse(response->body, now + clock_error, latest), now,
                          clock_error)};
  }
  return {Fail(DescribeRefusal(*response, options_.request, identity)), ClockError(*response, now),
          RetryAfter(*response, now + clock_error)};
}

milliseconds SessionMinter::Left(steady_clock::time_point deadline) const {
  return std::chrono::duration_cast<milliseconds>(deadline - environment_.stopwatch());
}

}  // namespace credmint
