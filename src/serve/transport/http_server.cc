// SPDX-License-Identifier: Apache-2.0
#include "serve/transport/http_server.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <optional>
#include <set>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "base/idle_memory.h"
#include "serve/transport/microhttpd_library.h"
#include "serve/transport/open_connections.h"
#include "serve/transport/socket_owners.h"

namespace credmint::serve {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t kMaxRequest = 16 << 10;
constexpr int kDefaultHopLimit = -1;  // the system's
constexpr std::chrono::milliseconds kLongestTurn{1000};
constexpr std::chrono::milliseconds kLookForGoneSpacing{250};
constexpr std::chrono::seconds kLongSilence{5};
/// The limit on connections that were ended but are not closed yet. Each turn opens some more.
constexpr unsigned kMostEnded = 64;

bool IsIpv6(int descriptor) {
  int family = 0;
  socklen_t size = sizeof(family);
  return getsockopt(descriptor, SOL_SOCKET, SO_DOMAIN, &family, &size) == 0 && family == AF_INET6;
}

bool SetHopLimit(int descriptor, bool is_ipv6, int hop_limit) {
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

/// Makes each write to an event's descriptor wake the server. The library ignores events without a
/// pointer, and none has to be read, because each write is an edge. A poll() around the library's
/// own would cost a tenth of a request on the only connection.
bool WakeAt(MHD_Daemon* daemon, int descriptor) {
  const auto* info = Microhttpd().get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD);
  epoll_event event = {.events = EPOLLIN | EPOLLET, .data = {.ptr = nullptr}};
  return info != nullptr && epoll_ctl(info->epoll_fd, EPOLL_CTL_ADD, descriptor, &event) == 0;
}

/// A refused client must not keep its connection, which others may need.
bool IsRefusal(const Response& response) { return response.status >= 400 && response.status < 500; }

MHD_Result Send(MHD_Connection* connection, Response response, bool is_last = false) {
  auto body = std::make_unique<SharedSecret>(std::move(response.body));
  const std::string_view bytes = (*body)->Reveal();
  MHD_Response* sent = Microhttpd().create_response(
      bytes.size(), const_cast<char*>(bytes.data()),
      [](void* closure) { delete static_cast<SharedSecret*>(closure); }, body.get());
  if (sent == nullptr) return MHD_NO;
  static_cast<void>(body.release());
  for (const auto& [name, value] : response.headers) {
    Microhttpd().add_response_header(sent, name.c_str(), value.c_str());
  }
  if (is_last) Microhttpd().add_response_header(sent, "Connection", "close");
  const MHD_Result queued =
      Microhttpd().queue_response(connection, static_cast<unsigned>(response.status), sent);
  Microhttpd().destroy_response(sent);
  return queued;
}

}  // namespace

/// Runs the library's event loop on our own thread.
class MicrohttpdServer : public HttpServer {
 public:
  MicrohttpdServer(Handler handler, WaitingRequests& waiting, HttpServerOptions options)
      : handler_(std::move(handler)),
        waiting_(waiting),
        options_(options),
        open_(options.patience, options.max_connections, options.longest_life) {}
  ~MicrohttpdServer() override;
  MicrohttpdServer(const MicrohttpdServer&) = delete;
  MicrohttpdServer& operator=(const MicrohttpdServer&) = delete;

  Result<void> Listen(ListenSocket socket);

  [[nodiscard]] unsigned connections() const override { return connections_; }
  [[nodiscard]] std::chrono::milliseconds SinceTurn() const override {
    return std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now() -
                                                                 turned_.load());
  }

 private:
  static MHD_Result OnRequest(void* closure, MHD_Connection* connection, const char* path,
                              const char* method, const char* version, const char* data,
                              std::size_t* size, void** state);
  static void OnAnswered(void* closure, MHD_Connection* connection, void** state,
                         MHD_RequestTerminationCode code);
  static void OnConnection(void* closure, MHD_Connection* connection, void** state,
                           MHD_ConnectionNotificationCode code);

  void Run();
  void LookForGone(steady_clock::time_point now);
  void ReleaseMemory(steady_clock::time_point now);
  MHD_Result Answer(MHD_Connection* connection, const Request& request);
  [[nodiscard]] Client AskForClient(int descriptor) const;
  Client& ClientAt(int descriptor);
  /// The remaining connections are for requests that can be answered at once.
  [[nodiscard]] std::size_t MostWaiting() const {
    return std::size_t{3} * options_.max_connections / 4;
  }
  /// No user keeps the others from waiting.
  [[nodiscard]] std::size_t MostWaitingOfUser() const { return 3 * MostWaiting() / 4; }
  void LimitHops(int descriptor, bool is_put);

  const Handler handler_;
  WaitingRequests& waiting_;
  const HttpServerOptions options_;
  OpenConnections open_;
  std::optional<SocketOwners> owners_;
  std::vector<Client> clients_;  // by descriptor
  std::set<int> hop_limited_;
  bool is_ipv6_ = false;
  MHD_Daemon* daemon_ = nullptr;
  steady_clock::time_point look_for_gone_at_ = steady_clock::now();
  bool was_asked_ = false;                            // in this turn
  std::optional<steady_clock::time_point> asked_at_;  // since memory was last released
  std::atomic<unsigned> connections_ = 0;
  std::atomic<steady_clock::time_point> turned_ = steady_clock::now();
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

MicrohttpdServer::~MicrohttpdServer() {
  if (daemon_ == nullptr) return;
  stopping_ = true;
  waiting_.Close();  // wakes the thread
  if (thread_.joinable()) thread_.join();
  Microhttpd().stop_daemon(daemon_);
}

Result<void> MicrohttpdServer::Listen(ListenSocket socket) {
  is_ipv6_ = IsIpv6(socket.descriptor());
  if (!SetHopLimit(socket.descriptor(), is_ipv6_, options_.hop_limit) ||
      !SetHopLimit(socket.descriptor(), is_ipv6_, kDefaultHopLimit)) {
    return Fail(ErrorCode::kLocalIo,
                fmt::format("setting a hop limit of {}: {}", options_.hop_limit,
                            std::generic_category().message(errno)));
  }
  if (waiting_.descriptor() < 0) {
    return Fail(ErrorCode::kLocalIo, "starting the server: no more descriptors are available");
  }
  const auto patience = static_cast<unsigned>(options_.patience.count());
  constexpr unsigned kFlags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME;
  daemon_ = Microhttpd().start_daemon(
      kFlags, 0, nullptr, nullptr, &OnRequest, this, MHD_OPTION_LISTEN_SOCKET, socket.descriptor(),
      MHD_OPTION_CONNECTION_LIMIT, options_.max_connections + kMostEnded,
      MHD_OPTION_CONNECTION_TIMEOUT, patience, MHD_OPTION_CONNECTION_MEMORY_LIMIT, kMaxRequest,
      MHD_OPTION_NOTIFY_COMPLETED, &OnAnswered, this, MHD_OPTION_NOTIFY_CONNECTION, &OnConnection,
      this, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
  if (daemon_ == nullptr) {
    return Fail(ErrorCode::kLocalIo,
                fmt::format("starting the server: {}", std::generic_category().message(errno)));
  }
  if (options_.asks_for_users) owners_.emplace(socket.descriptor());
  socket.Release();  // the daemon closes it
  if (!WakeAt(daemon_, waiting_.descriptor())) {
    return Fail(ErrorCode::kLocalIo,
                fmt::format("starting the server: {}", std::generic_category().message(errno)));
  }
  thread_ = std::thread([this] { Run(); });
  return {};
}

void MicrohttpdServer::Run() {
  pthread_setname_np(pthread_self(), "http");
  while (!stopping_) {
    Microhttpd().run_wait(daemon_, kLongestTurn.count());
    const auto now = steady_clock::now();
    LookForGone(now);
    open_.EndOverdue(now);
    ReleaseMemory(now);
    turned_ = now;
  }
}

/// Gives back the pages of code that requests ran through, when none has come for a while.
void MicrohttpdServer::ReleaseMemory(steady_clock::time_point now) {
  if (std::exchange(was_asked_, false)) {
    asked_at_ = now;
  } else if (asked_at_ && now - *asked_at_ >= kLongSilence) {
    asked_at_.reset();
    ReleaseIdleMemory();
  }
}

/// Ends waiting requests whose clients have gone: the library does not watch suspended connections.
void MicrohttpdServer::LookForGone(steady_clock::time_point now) {
  if (now < look_for_gone_at_) return;
  look_for_gone_at_ = now + kLookForGoneSpacing;
  waiting_.ResumeGone([this](int descriptor) { open_.End(descriptor); });
}

/// The library calls this when the fields have arrived, when the request is complete, and after
/// each time that the request was suspended.
MHD_Result MicrohttpdServer::OnRequest(void* closure, MHD_Connection* connection, const char* path,
                                       const char* method, const char* /*version*/,
                                       const char* /*data*/, std::size_t* size, void** state) try {
  auto& server = *static_cast<MicrohttpdServer*>(closure);
  server.was_asked_ = true;
  if (*state == nullptr) {
    auto request = std::make_unique<Request>(
        Request{method, path, {}, server.ClientAt(DescriptorOf(connection))});
    request->headers.reserve(8);  // as many as SDKs send
    Microhttpd().get_connection_values(connection, MHD_HEADER_KIND, &AddHeader, request.get());
    *state = request.release();
    if (!HasBody(*static_cast<Request*>(*state))) return MHD_YES;
    return Send(connection,
                ErrorResponse(413, "ContentTooLarge", "a request must not have a body"));
  }
  *size = 0;
  return server.Answer(connection, *static_cast<Request*>(*state));
} catch (...) {  // out of memory
  return MHD_NO;
}

MHD_Result MicrohttpdServer::Answer(MHD_Connection* connection, const Request& request) {
  const int descriptor = DescriptorOf(connection);
  if (!open_.HasRequest(descriptor)) return MHD_NO;
  while (true) {
    const std::uint64_t wakes = waiting_.wakes();
    Response response = handler_(request);
    open_.HasProved(descriptor, response.proof);
    if (!IsNotYet(response)) {
      LimitHops(descriptor, request.method == "PUT");
      const bool is_last = IsRefusal(response) || open_.IsOld(descriptor);
      return Send(connection, std::move(response), is_last);
    }
    const auto user = request.client.user;
    if (waiting_.size() >= MostWaiting() || waiting_.SizeOf(user) >= MostWaitingOfUser()) {
      return Send(connection,
                  ErrorResponse(503, "Pending", "too many requests wait for an answer"));
    }
    if (waiting_.Add({connection, descriptor, user}, wakes)) return MHD_YES;
  }
}

Client& MicrohttpdServer::ClientAt(int descriptor) {
  const auto number = static_cast<std::size_t>(std::max(descriptor, 0));
  if (clients_.size() <= number) clients_.resize(number + 1);
  return clients_[number];
}

/// Asks the kernel, so once for each connection.
Client MicrohttpdServer::AskForClient(int descriptor) const {
  if (!owners_) return {};
  if (!IsOverLoopback(descriptor)) return {.is_local = false};
  const auto owner = owners_->OfPeer(descriptor);
  if (!owner) return {};
  return {.is_local = true, .user = owner->user, .inode = owner->inode};
}

void MicrohttpdServer::LimitHops(int descriptor, bool is_put) {
  const bool changed =
      is_put ? hop_limited_.insert(descriptor).second : hop_limited_.erase(descriptor) > 0;
  if (changed) SetHopLimit(descriptor, is_ipv6_, is_put ? options_.hop_limit : kDefaultHopLimit);
}

void MicrohttpdServer::OnAnswered(void* closure, MHD_Connection* connection, void** state,
                                  MHD_RequestTerminationCode /*code*/) {
  delete static_cast<Request*>(*state);
  *state = nullptr;
  static_cast<MicrohttpdServer*>(closure)->open_.WaitsForRequest(DescriptorOf(connection));
}

void MicrohttpdServer::OnConnection(void* closure, MHD_Connection* connection, void** /*state*/,
                                    MHD_ConnectionNotificationCode code) try {
  auto& server = *static_cast<MicrohttpdServer*>(closure);
  const int descriptor = DescriptorOf(connection);
  if (code == MHD_CONNECTION_NOTIFY_STARTED) {
    ++server.connections_;
    const Client& client = server.ClientAt(descriptor) = server.AskForClient(descriptor);
    server.open_.IsOpened(descriptor, client.user);
  } else {
    --server.connections_;
    server.open_.IsClosed(descriptor);
    server.ClientAt(descriptor) = {};
    server.hop_limited_.erase(descriptor);
  }
} catch (...) {  // out of memory: the client stays unknown
}

Result<void> HttpServer::CheckLibrary() { return LoadMicrohttpd(); }

Result<std::unique_ptr<HttpServer>> HttpServer::Start(ListenSocket socket, Handler handler,
                                                      WaitingRequests& waiting,
                                                      HttpServerOptions options) {
  if (auto loaded = CheckLibrary(); !loaded) return Fail(std::move(loaded));
  auto server = std::make_unique<MicrohttpdServer>(std::move(handler), waiting, options);
  if (auto listening = server->Listen(std::move(socket)); !listening) {
    return Fail(std::move(listening));
  }
  return server;
}

}  // namespace credmint::serve
