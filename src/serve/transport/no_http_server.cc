// SPDX-License-Identifier: Apache-2.0
// Replaces the HTTP server in builds without libmicrohttpd.
#include "serve/transport/connection_pause.h"
#include "serve/transport/http_server.h"

namespace credmint::serve {

Result<void> HttpServer::CheckLibrary() {
  return Fail(ErrorCode::kUsage, "this build has no HTTP server",
              "another build of credmint has one");
}

Result<std::unique_ptr<HttpServer>> HttpServer::Start(ListenSocket /*socket*/, Handler /*handler*/,
                                                      WaitingRequests& /*waiting*/,
                                                      HttpServerOptions /*options*/) {
  return Fail(CheckLibrary());
}

void PauseConnection(MHD_Connection* /*connection*/) {}

void ResumeConnection(MHD_Connection* /*connection*/) {}

}  // namespace credmint::serve
