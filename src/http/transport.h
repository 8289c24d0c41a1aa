// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

#include "base/error.h"
#include "http/message.h"

namespace credmint {

/// Carries requests to their host and responses back, one at a time. A response with any status is
/// a success; a failure means that there was no response. Nothing is retried and no redirect is
/// followed.
class Transport {
 public:
  virtual ~Transport() = default;

  /// Begins to connect for a request that Send() will be given later, with more header fields.
  /// Nothing is sent until then. At `timeout` it gives up, and so does Send().
  virtual void Prepare(const HttpRequest& /*request*/, std::chrono::milliseconds /*timeout*/) {}

  /// Waits until the connection that Prepare() began stands, or cannot be made.
  virtual void AwaitConnection() {}

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

  /// Closes what Prepare() and Send() left open for a further request.
  virtual void Close() {}
};

}  // namespace credmint
