// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>

#include "base/clock.h"
#include "base/error.h"
#include "credentials/credential_source.h"
#include "http/transport.h"
#include "http/url.h"
#include "identity/identity.h"
#include "ossl/library_context.h"
#include "rolesanywhere/session_request.h"

namespace credmint {

/// Gives the identity to sign with, freshly loaded, so that a renewed certificate is used.
using IdentitySource = std::function<Result<std::shared_ptr<const Identity>>()>;

/// What a session asks for, where, and how patiently.
struct SessionOptions {
  SessionRequest request;
  Url endpoint;
  std::chrono::milliseconds timeout{10'000};  ///< for all attempts and the waits between them
  int max_attempts = 3;
};

/// What a session has from its surroundings. Tests replace it.
struct SessionEnvironment {
  Clock clock = [] { return std::chrono::system_clock::now(); };
  Stopwatch stopwatch = [] { return std::chrono::steady_clock::now(); };
  std::function<void(std::chrono::milliseconds)> sleep;  ///< default: sleeps
  std::function<double()> random;                        ///< from [0, 1); default: random
};

/// Mints credentials: asks for the identity, builds the request, signs it, sends it, and reads the
/// answer. What IsRetryable is tried again, signed afresh with a new date, until attempts or time
/// run out. When a request is refused (400, 403) and the answer is dated more than four minutes
/// away from our clock, but no more than 24 hours, it is signed once more by the service's clock;
/// that is no further attempt. What has expired by our own clock is no success.
///
/// Get() fails with the identity source's or the key's error, Transport's codes, kServiceRefused,
/// kServiceBusy or kServiceAnswer; Error::retry_after is the last answer's. It may be called from
/// several threads if the identity source and the transport allow that. Context and transport must
/// outlive the session.
class SessionMinter : public CredentialSource {
 public:
  SessionMinter(SessionOptions options, const LibraryContext& context, IdentitySource identity,
                Transport& transport, SessionEnvironment environment = {});

  Result<Credentials> Get() override;

 private:
  struct Attempt;

  [[nodiscard]] Result<Credentials> Create(const Identity& identity) const;
  [[nodiscard]] Attempt Try(const Identity& identity, std::chrono::seconds clock_error,
                            std::chrono::steady_clock::time_point deadline) const;
  [[nodiscard]] std::chrono::milliseconds Left(
      std::chrono::steady_clock::time_point deadline) const;

  const SessionOptions options_;
  const LibraryContext& context_;
  const IdentitySource identity_;
  Transport& transport_;
  SessionEnvironment environment_;
};

}  // namespace credmint
