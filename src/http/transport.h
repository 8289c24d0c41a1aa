// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

#include "base/error.h"
#include "http/message.h"

namespace credmint {

/// Carries one request to its host and one response back. Any status is a response; a failure
/// means that there was none. Nothing is repeated and no redirect is followed.
class Transport {
 public:
  virtual ~Transport() = default;

  /// `timeout` covers everything: name lookup, connection, TLS, request and the whole response.
  /// Fails with kNetwork (no connection, or one that broke), kTimeout, kTls (handshake or the
  /// host's certificate), kLocalIo (a CA file that cannot be read) or kServiceAnswer (what came
  /// back is not HTTP, or too large).
  virtual Result<HttpResponse> Send(const HttpRequest& request,
                                    std::chrono::milliseconds timeout) = 0;
};

}  // namespace credmint
