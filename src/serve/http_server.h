#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "base/error.h"
#include "serve/listen_socket.h"
#include "serve/request.h"
#include "serve/response.h"

namespace credmint::serve {

struct HttpServerOptions {
  int hop_limit = 64;                 ///< of the IP packets of answers to PUT, 1 to 255
  unsigned max_connections = 512;     ///< more are closed at once
  std::chrono::seconds patience{10};  ///< for a whole request, and with a client that does not read
};

/// An HTTP/1.1 server. What it refuses by itself: a request whose line and fields exceed 16 KiB
/// (431 or 414), one with a body (413), one that is no HTTP (400), and one that does not come in
/// time.
///
/// Requests are answered by a thread for each connection, so that one that has to wait does not
/// hold up the others. The destructor waits for those that run.
class HttpServer {
 public:
  /// Called by several threads at once.
  using Handler = std::function<Response(const Request&)>;

  /// Fails with kInternal if the HTTP library cannot be loaded, with kLocalIo where the system does
  /// not let it work.
  static Result<std::unique_ptr<HttpServer>> Start(ListenSocket socket, Handler handler,
                                                   HttpServerOptions options = {});

  virtual ~HttpServer() = default;
};

}  // namespace credmint::serve
