// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "credentials/credentials.h"
#include "credentials/refresher.h"
#include "http/curl_transport.h"
#include "identity/prompted_secrets.h"

namespace credmint::roles {

struct Role;

/// Called after each mint, on the thread of the role: with the serial number of the certificate,
/// in hexadecimal digits, and what the service gave.
using MintObserver =
    std::function<void(const Role&, const std::string& serial, const Credentials&)>;

/// A role uses another of its identities.
struct IdentityChange {
  std::string from;
  std::string to;
  std::optional<Error> loss;  ///< of `from`; nothing: `to` is back
};

/// Callbacks and dependencies of roles.
struct Environment {
  /// Prompts for secrets that have no other source; may be null.
  PromptFunction ask;
  /// Called with the reason why an earlier key and certificate stay in use, on any thread; may be
  /// null.
  std::function<void(const Error&)> kept_earlier;
  /// Called with a warning when a certificate in use nears its end (ExpiryWatch), on any thread;
  /// may be null.
  std::function<void(const std::string&)> expiring;
  MintObserver minted;  ///< may be null
  /// Called after the first mint with another identity, on the thread of the role; may be null.
  std::function<void(const Role&, const IdentityChange&)> changed_identity;

  /// Called with a sentence when a mint corrects this machine's clock, on any thread; may be null.
  std::function<void(const std::string&)> clock_is_off;

  // Tests replace these.
  std::function<std::unique_ptr<Transport>(TransportOptions, OSSL_LIB_CTX*)> make_transport =
      MakeCurlTransport;
  Stopwatch stopwatch = [] { return std::chrono::steady_clock::now(); };
  RefresherEnvironment refresher;
};

}  // namespace credmint::roles
