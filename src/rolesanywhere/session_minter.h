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

/// Returns the identity to sign with, loaded again each time so that a renewed certificate is used.
using IdentitySource = std::function<Result<std::shared_ptr<const Identity>>()>;

/// When the connection to the service is begun. Early, its handshake and the key's work take the
/// time of the longer one (Transport::Prepare()).
enum class Connect {
  kToSend,        ///< when the request is signed
  kWhileSigning,  ///< when the identity is open
  kWhileOpening,  ///< at once. Only if nobody is asked for a secret meanwhile
};

/// The session to request, the endpoint, and the limits on retrying.
struct SessionOptions {
  SessionRequest request;
  Url endpoint;
  std::chrono::milliseconds timeout{10'000};  ///< for all attempts and the delays between them
  int max_attempts = 3;
  Connect connect = Connect::kToSend;
};

/// The clock, stopwatch, sleep and random numbers that a session uses. Tests replace them.
struct SessionEnvironment {
  Clock clock = [] { return std::chrono::system_clock::now(); };
  Stopwatch stopwatch = [] { return std::chrono::steady_clock::now(); };
  std::function<void(std::chrono::milliseconds)> sleep;  ///< default: sleeps
  std::function<double()> random;                        ///< in [0, 1); default: random
  /// Called with a sentence each time that this machine's clock is corrected; may be null.
  std::function<void(const std::string&)> clock_is_off;
};

/// Mints credentials: loads the identity, builds the request, signs it, sends it, and reads the
/// response. A signature is at most a minute old when it is sent. If IsRetryable(), the request is
/// signed again with a new date and sent again, until the attempts or the time run out.
///
/// A refusal (400, 403) may be due to the clock. If its date is between four minutes and 24 hours
/// away from our clock, the request is signed again by the service's clock. That happens once and
/// does not count as an attempt. Credentials that have expired by our own clock are a failure.
///
/// Get() fails with the error of the identity source or the key, with Transport's codes, or with
/// kServiceRefused, kServiceBusy or kServiceAnswer. Error::retry_after is that of the last
/// response.
///
/// Get() may be called from several threads if the identity source and the transport allow it. The
/// context and the transport must outlive the session.
class SessionMinter : public CredentialSource {
 public:
  SessionMinter(SessionOptions options, const LibraryContext& context, IdentitySource identity,
                Transport& transport, SessionEnvironment environment = {});

  Result<Credentials> Get() override;

 private:
  struct Attempt;

  [[nodiscard]] Result<Credentials> Create(const Identity& identity) const;
  [[nodiscard]] HttpRequest Unsigned() const { return options_.request.ToHttp(options_.endpoint); }
  [[nodiscard]] Result<HttpRequest> Sign(const Identity& identity,
                                         std::chrono::seconds clock_error) const;
  [[nodiscard]] Result<HttpRequest> SignToSend(const Identity& identity,
                                               std::chrono::seconds clock_error) const;
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
