// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "base/clock.h"
#include "base/error.h"
#include "credentials/refresher.h"
#include "http/curl_transport.h"
#include "identity/prompted_secrets.h"

namespace credmint::roles {

/// What roles have from their surroundings.
struct Environment {
  PromptFunction ask;  ///< for secrets that nothing gives; null: nobody
  /// Told why an earlier key and certificate stay in use, by any thread; null: nobody.
  std::function<void(const Error&)> kept_earlier;

  // Tests replace these.
  std::function<std::unique_ptr<Transport>(TransportOptions)> make_transport = MakeCurlTransport;
  Stopwatch stopwatch = [] { return std::chrono::steady_clock::now(); };
  RefresherEnvironment refresher;
};

}  // namespace credmint::roles
