// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

#include "base/error.h"
#include "http/message.h"

namespace credmint {

/// Carries one request to its host and one response back. A response with any status is a success;
/// a failure means that there was no response. Nothing is retried and no redirect is followed.
class Transport {
 public:
  virtual ~Transport() = default;

  /// Sends a request. `timeout` covers name lookup, connection, TLS, request and the whole
  /// response.
  ///
  /// Fails with:
  ///
  /// - kNetwork: no connection, or a broken one.
  /// - kTimeout.
  /// - kTls: the handshake or the host's certificate failed.
  /// - kLocalIo: a CA file cannot be read.
  /// - kServiceAnswer: the response is not HTTP, or too large.
  virtual Result<HttpResponse> Send(const HttpRequest& request,
                                    std::chrono::milliseconds timeout) = 0;
};

}  // namespace credmint
