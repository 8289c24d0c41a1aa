#include "serve/http_server.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <string_view>
#include <system_error>
#include <utility>

#include "serve/idle_connections.h"
#include "serve/microhttpd_library.h"

namespace credmint::serve {
namespace {

constexpr std::size_t kMaxRequest = 16 << 10;
constexpr std::size_t kStack = 256 << 10;
constexpr int kDefaultHopLimit = -1;  // the system's

bool SetHopLimit(int descriptor, int hop_limit) {
  int family = 0;
  socklen_t size = sizeof(family);
  getsockopt(descriptor, SOL_SOCKET, SO_DOMAIN, &family, &size);
  const bool is_ipv6 = family == AF_INET6;
  return setsockopt(descriptor, is_ipv6 ? IPPROTO_IPV6 : IPPROTO_IP,
                    is_ipv6 ? IPV6_UNICAST_HOPS : IP_TTL, &hop_limit, sizeof(hop_limit)) == 0;
}

int DescriptorOf(MHD_Connection* connection) {
  const auto* info =
      Microhttpd().get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
  return info != nullptr ? info->connect_fd : -1;
}

MHD_Result AddHeader(void* closure, MHD_ValueKind /*kind*/, const char* name, const char* value) {
  static_cast<Request*>(closure)->headers.emplace_back(name, value != nullptr ? value : "");
  return MHD_YES;
}

bool HasBody(const Request& request) {
  if (HasHeader(request, "Transfer-Encoding")) return true;
  return HasHeader(request, "Content-Length") && FindHeader(request, "Content-Length") != "0";
}

MHD_Result Send(MHD_Connection* connection, Response response) {
  auto body = std::make_unique<Secret>(std::move(response.body));
  const std::string_view bytes = body->Reveal();
  MHD_Response* sent = Microhttpd().create_response(
      bytes.size(), const_cast<char*>(bytes.data()),
      [](void* closure) { delete static_cast<Secret*>(closure); }, body.get());
  if (sent == nullptr) return MHD_NO;
  static_cast<void>(body.release());
  for (const auto& [name, value] : response.headers) {
    Microhttpd().add_response_header(sent, name.c_str(), value.c_str());
  }
  const MHD_Result queued =
      Microhttpd().queue_response(connection, static_cast<unsigned>(response.status), sent);
  Microhttpd().destroy_response(sent);
  return queued;
}

class MicrohttpdServer : public HttpServer {
 public:
  MicrohttpdServer(Handler handler, HttpServerOptions options)
      : handler_(std::move(handler)), options_(options), idle_(options.patience) {}
  ~MicrohttpdServer() override {
    if (daemon_ != nullptr) Microhttpd().stop_daemon(daemon_);
  }
  MicrohttpdServer(const MicrohttpdServer&) = delete;
  MicrohttpdServer& operator=(const MicrohttpdServer&) = delete;

  Result<void> Listen(ListenSocket socket);

 private:
  static MHD_Result OnRequest(void* closure, MHD_Connection* connection, const char* path,
                              const char* method, const char* version, const char* data,
                              std::size_t* size, void** state);
  static void OnAnswered(void* closure, MHD_Connection* connection, void** state,
                         MHD_RequestTerminationCode code);
  static void OnConnection(void* closure, MHD_Connection* connection, void** state,
                           MHD_ConnectionNotificationCode code);

  MHD_Result Answer(MHD_Connection* connection, const Request& request);

  const Handler handler_;
  const HttpServerOptions options_;
  IdleConnections idle_;
  MHD_Daemon* daemon_ = nullptr;
};

Result<void> MicrohttpdServer::Listen(ListenSocket socket) {
  if (!SetHopLimit(socket.descriptor(), options_.hop_limit) ||
      !SetHopLimit(socket.descriptor(), kDefaultHopLimit)) {
    return Fail(ErrorCode::kLocalIo, fmt::format("a hop limit of {}: {}", options_.hop_limit,
                                                 std::generic_category().message(errno)));
  }
  const auto patience = static_cast<unsigned>(options_.patience.count());
  constexpr unsigned kFlags =
      MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL;
  daemon_ = Microhttpd().start_daemon(
      kFlags, 0, nullptr, nullptr, &OnRequest, this, MHD_OPTION_LISTEN_SOCKET, socket.descriptor(),
      MHD_OPTION_CONNECTION_LIMIT, options_.max_connections, MHD_OPTION_CONNECTION_TIMEOUT,
      patience, MHD_OPTION_CONNECTION_MEMORY_LIMIT, kMaxRequest, MHD_OPTION_THREAD_STACK_SIZE,
      kStack, MHD_OPTION_NOTIFY_COMPLETED, &OnAnswered, this, MHD_OPTION_NOTIFY_CONNECTION,
      &OnConnection, this, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
  if (daemon_ == nullptr) {
    return Fail(ErrorCode::kLocalIo,
                fmt::format("starting the server: {}", std::generic_category().message(errno)));
  }
  socket.Release();  // the daemon closes it
  return {};
}

/// The library calls it once when the fields have come, and again when the request is complete.
MHD_Result MicrohttpdServer::OnRequest(void* closure, MHD_Connection* connection, const char* path,
                                       const char* method, const char* /*version*/,
                                       const char* /*data*/, std::size_t* size, void** state) try {
  auto& server = *static_cast<MicrohttpdServer*>(closure);
  Request request{method, path, {}};
  Microhttpd().get_connection_values(connection, MHD_HEADER_KIND, &AddHeader, &request);
  if (*state == nullptr) {
    *state = closure;
    if (!HasBody(request)) return MHD_YES;
    return Send(connection, ErrorResponse(413, "ContentTooLarge", "no body is taken"));
  }
  *size = 0;
  return server.Answer(connection, request);
} catch (...) {  // out of memory
  return MHD_NO;
}

MHD_Result MicrohttpdServer::Answer(MHD_Connection* connection, const Request& request) {
  const int descriptor = DescriptorOf(connection);
  idle_.HasRequest(descriptor);
  SetHopLimit(descriptor, request.method == "PUT" ? options_.hop_limit : kDefaultHopLimit);
  return Send(connection, handler_(request));
}

void MicrohttpdServer::OnAnswered(void* closure, MHD_Connection* connection, void** /*state*/,
                                  MHD_RequestTerminationCode /*code*/) {
  static_cast<MicrohttpdServer*>(closure)->idle_.WaitsForRequest(DescriptorOf(connection));
}

void MicrohttpdServer::OnConnection(void* closure, MHD_Connection* connection, void** /*state*/,
                                    MHD_ConnectionNotificationCode code) {
  IdleConnections& idle = static_cast<MicrohttpdServer*>(closure)->idle_;
  if (code == MHD_CONNECTION_NOTIFY_STARTED) {
    idle.WaitsForRequest(DescriptorOf(connection));
  } else {
    idle.IsClosed(DescriptorOf(connection));
  }
}

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::Start(ListenSocket socket, Handler handler,
                                                      HttpServerOptions options) {
  if (auto loaded = LoadMicrohttpd(); !loaded) return Fail(std::move(loaded));
  auto server = std::make_unique<MicrohttpdServer>(std::move(handler), options);
  if (auto listening = server->Listen(std::move(socket)); !listening) {
    return Fail(std::move(listening));
  }
  return server;
}

}  // namespace credmint::serve
