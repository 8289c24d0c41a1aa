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
  int hop_limit = 64;                      ///< of the IP packets of answers to PUT, 1 to 255
  unsigned max_connections = 512;          ///< for one more another is ended (open_connections.h)
  std::chrono::seconds longest_life{300};  ///< of a connection; it then ends after an answer
  std::chrono::seconds patience{10};  ///< for a whole request, and with a client that does not read
};

/// An HTTP/1.1 server. What it refuses by itself: a request whose line and fields exceed 16 KiB
/// (431 or 414), one with a body (413), one that is no HTTP (400), and one that does not come in
/// time. A connection ends with an answer that refuses (4xx), so that whoever is refused holds
/// none, and with its client, also while it waits for an answer.
///
/// Requests are answered by one thread, so that none costs more than its answer.
class HttpServer {
 public:
  /// Called by the server's thread, which it must not keep waiting: what cannot be answered from
  /// memory is NotYet(), and asked again when `waiting` says so.
  using Handler = std::function<Response(const Request&)>;

  /// Fails with kInternal if the HTTP library cannot be loaded, with kLocalIo where the system does
  /// not let it work. `waiting` must outlive the server, and is for it alone.
  static Result<std::unique_ptr<HttpServer>> Start(ListenSocket socket, Handler handler,
                                                   WaitingRequests& waiting,
                                                   HttpServerOptions options = {});

  /// Those that are open. Safe to call from any thread, as is SinceTurn().
  [[nodiscard]] virtual unsigned connections() const = 0;

  /// How long ago its thread was last free for the next request. That is less than two seconds,
  /// also if none comes, unless it is stuck.
  [[nodiscard]] virtual std::chrono::milliseconds SinceTurn() const = 0;

  virtual ~HttpServer() = default;
};

}  // namespace credmint::serve
