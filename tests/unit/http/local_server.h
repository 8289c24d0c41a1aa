// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/guarded.h"

namespace credmint {

/// A loopback socket with a port that the system chooses. Connections are refused until it listens.
class LoopbackSocket {
 public:
  LoopbackSocket() : descriptor_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    if (bind(descriptor_, generic, size) != 0 || getsockname(descriptor_, generic, &size) != 0) {
      abort();
    }
    port_ = ntohs(address.sin_port);
  }
  ~LoopbackSocket() { close(descriptor_); }
  LoopbackSocket(const LoopbackSocket&) = delete;
  LoopbackSocket& operator=(const LoopbackSocket&) = delete;

  [[nodiscard]] int descriptor() const { return descriptor_; }
  [[nodiscard]] std::uint16_t port() const { return port_; }

 private:
  int descriptor_;
  std::uint16_t port_ = 0;
};

/// An HTTP server for tests, with a thread of its own. It serves one connection at a time: it reads
/// one request, sends the handler's bytes unchanged, and closes the connection.
class LocalServer {
 public:
  using Handler = std::function<std::string(const std::string& request)>;

  /// A handler returns this to send nothing and wait until the client closes the connection.
  static constexpr const char* kSilence = "silence";

  explicit LocalServer(Handler handler) : handler_(std::move(handler)), stop_(eventfd(0, 0)) {
    listen(socket_.descriptor(), 8);
    thread_ = std::thread([this] { Serve(); });
  }
  ~LocalServer() {
    eventfd_write(stop_, 1);
    thread_.join();
    close(stop_);
  }
  LocalServer(const LocalServer&) = delete;
  LocalServer& operator=(const LocalServer&) = delete;

  [[nodiscard]] std::uint16_t port() const { return socket_.port(); }
  [[nodiscard]] std::vector<std::string> requests() { return *requests_.Lock(); }

 private:
  /// Waits for input on the descriptor. Returns false if the server must stop.
  [[nodiscard]] bool WaitFor(int descriptor) const {
    std::array<pollfd, 2> waiting = {{{descriptor, POLLIN, 0}, {stop_, POLLIN, 0}}};
    poll(waiting.data(), waiting.size(), -1);
    return waiting[1].revents == 0;
  }

  void Serve() {
    while (WaitFor(socket_.descriptor())) {
      const int connection = accept(socket_.descriptor(), nullptr, nullptr);
      if (const std::string request = Read(connection); !request.empty()) {
        requests_.Lock()->push_back(request);
        Answer(connection, handler_(request));
      }
      close(connection);
    }
  }

  [[nodiscard]] std::string Read(int connection) const {
    std::string request;
    std::array<char, 4096> part{};
    while (!IsComplete(request) && WaitFor(connection)) {
      const ssize_t count = recv(connection, part.data(), part.size(), 0);
      if (count <= 0) break;
      request.append(part.data(), static_cast<std::size_t>(count));
    }
    return request;
  }

  static bool IsComplete(const std::string& request) {
    const std::size_t head = request.find("\r\n\r\n");
    if (head == std::string::npos) return request.starts_with('\x16');  // a TLS client
    const std::size_t length = request.find("Content-Length: ");
    const std::size_t body = length < head ? std::stoul(request.substr(length + 16)) : 0;
    return request.size() >= head + 4 + body;
  }

  void Answer(int connection, const std::string& answer) const {
    if (answer == kSilence) {
      static_cast<void>(WaitFor(connection));
      return;
    }
    for (std::size_t sent = 0; sent < answer.size();) {
      const ssize_t count =
          send(connection, answer.data() + sent, answer.size() - sent, MSG_NOSIGNAL);
      if (count <= 0) return;
      sent += static_cast<std::size_t>(count);
    }
  }

  Handler handler_;
  LoopbackSocket socket_;
  int stop_;
  Guarded<std::vector<std::string>> requests_;
  std::thread thread_;
};

}  // namespace credmint
