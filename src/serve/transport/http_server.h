// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "base/error.h"
#include "serve/request.h"
#include "serve/response.h"
#include "serve/transport/listen_socket.h"
#include "serve/transport/waiting_requests.h"

namespace credmint::serve {

struct HttpServerOptions {
  int hop_limit = 64;                      ///< of IP packets that answer a PUT, 1 to 255
  unsigned max_connections = 512;          ///< one more ends another (open_connections.h)
  std::chrono::seconds longest_life{300};  ///< of a connection, which then ends after an answer
  std::chrono::seconds patience{10};       ///< for a whole request, and for a slow reader
  bool asks_for_users = false;             ///< whether Request::client is filled in
};

/// An HTTP/1.1 server that answers all requests on one thread.
///
/// It refuses these requests by itself:
///
/// - One with a request line and fields longer than 16 KiB (431 or 414).
/// - One with a body (413).
/// - One that is not HTTP (400).
/// - One that does not arrive in time.
///
/// A connection ends after a refusal (4xx), so that refused clients do not occupy connections. It
/// also ends with its client, even while it waits for an answer.
class HttpServer {
 public:
  /// Called on the server's thread, which it must not block. A request that cannot be answered from
  /// memory gets NotYet(). The handler is called for it again when `waiting` is woken.
  using Handler = std::function<Response(const Request&)>;

  /// Fails if no server could start: with kInternal if the HTTP library cannot be loaded, and with
  /// kUsage if this build has none. Safe to call from any thread.
  static Result<void> CheckLibrary();

  /// Fails as CheckLibrary() does, and with kLocalIo if the system does not allow it to run.
  /// `waiting` must outlive the server and must not be shared with another one.
  static Result<std::unique_ptr<HttpServer>> Start(ListenSocket socket, Handler handler,
                                                   WaitingRequests& waiting,
                                                   HttpServerOptions options = {});

  /// The number of open connections. Safe to call from any thread, like SinceTurn().
  [[nodiscard]] virtual unsigned connections() const = 0;

  /// The time since the server's thread was last ready for another request. Less than two seconds,
  /// even without requests, unless the thread is stuck.
  [[nodiscard]] virtual std::chrono::milliseconds SinceTurn() const = 0;

  virtual ~HttpServer() = default;
};

}  // namespace credmint::serve
