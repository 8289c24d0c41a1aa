// SPDX-License-Identifier: Apache-2.0
#include "serve/transport/listen_socket.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "base/shown_value.h"

namespace credmint::serve {
namespace {

/// An IPv4 or IPv6 address.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = sizeof(storage);

  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  sockaddr_in* AsIpv4() { return reinterpret_cast<sockaddr_in*>(&storage); }
  sockaddr_in6* AsIpv6() { return reinterpret_cast<sockaddr_in6*>(&storage); }
};

std::string Reason() { return std::generic_category().message(errno); }

std::string WithoutBrackets(const std::string& address) {
  if (address.size() < 2 || address.front() != '[' || address.back() != ']') return address;
  return address.substr(1, address.size() - 2);
}

std::optional<SocketAddress> Parse(const std::string& address, std::uint16_t port) {
  SocketAddress parsed;
  if (inet_pton(AF_INET, address.c_str(), &parsed.AsIpv4()->sin_addr) == 1) {
    parsed.AsIpv4()->sin_family = AF_INET;
    parsed.AsIpv4()->sin_port = htons(port);
    parsed.size = sizeof(sockaddr_in);
    return parsed;
  }
  if (inet_pton(AF_INET6, address.c_str(), &parsed.AsIpv6()->sin6_addr) == 1) {
    parsed.AsIpv6()->sin6_family = AF_INET6;
    parsed.AsIpv6()->sin6_port = htons(port);
    parsed.size = sizeof(sockaddr_in6);
    return parsed;
  }
  return std::nullopt;
}

bool Listens(int descriptor) {
  int type = 0;
  int accepts = 0;
  socklen_t size = sizeof(type);
  return getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM &&
         getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &accepts, &size) == 0 && accepts != 0;
}

}  // namespace

Result<ListenSocket> ListenSocket::Open(const std::string& address, std::uint16_t port) {
  auto parsed = Parse(WithoutBrackets(address), port);
  if (!parsed) {
    return Fail(ErrorCode::kUsage,
                fmt::format("{} is not an IP address to listen on", Shown(address)),
                "expected a numeric IPv4 or IPv6 address of this machine");
  }
  ListenSocket opened(
      socket(parsed->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int on = 1;
  // SO_REUSEADDR: connections left by the last process do not block the port. Another server does.
  if (opened.descriptor_ < 0 ||
      setsockopt(opened.descriptor_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
      bind(opened.descriptor_, parsed->get(), parsed->size) != 0 ||
      listen(opened.descriptor_, SOMAXCONN) != 0) {
    return Fail(ErrorCode::kLocalIo,
                fmt::format("listening on {} port {}: {}", address, port, Reason()),
                errno == EADDRINUSE ? Remedy::kChoosePort : Remedy::kNone);
  }
  if (auto named = opened.ReadName(); !named) return Fail(std::move(named));
  return opened;
}

Result<ListenSocket> ListenSocket::Adopt(int descriptor) {
  ListenSocket adopted(descriptor);
  if (!Listens(descriptor)) {
    return Fail(ErrorCode::kLocalIo,
                fmt::format("descriptor {} is not a listening TCP socket", descriptor),
                "the service manager passes one with ListenStream=ADDRESS:PORT");
  }
  if (auto named = adopted.ReadName(); !named) return Fail(std::move(named));
  return adopted;
}

Result<void> ListenSocket::ReadName() {
  SocketAddress name;
  std::array<char, INET6_ADDRSTRLEN> text{};
  const char* written = nullptr;
  if (getsockname(descriptor_, name.get(), &name.size) == 0) {
    if (name.storage.ss_family == AF_INET) {
      written = inet_ntop(AF_INET, &name.AsIpv4()->sin_addr, text.data(), text.size());
      port_ = ntohs(name.AsIpv4()->sin_port);
    } else if (name.storage.ss_family == AF_INET6) {
      written = inet_ntop(AF_INET6, &name.AsIpv6()->sin6_addr, text.data(), text.size());
      port_ = ntohs(name.AsIpv6()->sin6_port);
    }
  }
  if (written == nullptr) {
    return Fail(ErrorCode::kLocalIo, "the socket to listen on has no IP address");
  }
  address_ = written;
  return {};
}

ListenSocket::ListenSocket(ListenSocket&& other) noexcept
    : descriptor_(other.Release()), address_(std::move(other.address_)), port_(other.port_) {}

ListenSocket& ListenSocket::operator=(ListenSocket&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(address_, other.address_);
  std::swap(port_, other.port_);
  return *this;
}

ListenSocket::~ListenSocket() {
  if (descriptor_ >= 0) close(descriptor_);
}

std::string ListenSocket::Authority() const {
  const bool is_ipv6 = address_.find(':') != std::string::npos;
  return fmt::format("{}{}{}:{}", is_ipv6 ? "[" : "", address_, is_ipv6 ? "]" : "", port_);
}

int ListenSocket::Release() { return std::exchange(descriptor_, -1); }

}  // namespace credmint::serve
