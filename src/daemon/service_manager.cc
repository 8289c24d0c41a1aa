// SPDX-License-Identifier: Apache-2.0
#include "daemon/service_manager.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstddef>
#include <string_view>
#include <utility>

namespace credmint::daemon {
namespace {

constexpr int kFirstDescriptor = 3;

/// Returns the number in a variable, or 0 if there is none.
long long NumberIn(const char* name) {
  const char* text = getenv(name);
  const std::string_view digits = text != nullptr ? text : "";
  long long number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

}  // namespace

Result<std::optional<serve::ListenSocket>> SocketOfManager() {
  const long long count = NumberIn("LISTEN_PID") == getpid() ? NumberIn("LISTEN_FDS") : 0;
  for (const char* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) unsetenv(name);
  if (count <= 0) return std::nullopt;
  if (count > 1) {
    return Fail(
        ErrorCode::kLocalIo,
        fmt::format("the service manager passed {} sockets, but only one is supported", count));
  }
  fcntl(kFirstDescriptor, F_SETFD, FD_CLOEXEC);
  auto socket = serve::ListenSocket::Adopt(kFirstDescriptor);
  if (!socket) return Fail(std::move(socket), "the socket of the service manager");
  return *std::move(socket);
}

std::optional<std::chrono::microseconds> WatchdogTime() {
  const long long time = NumberIn("WATCHDOG_USEC");
  const bool for_another =
      getenv("WATCHDOG_PID") != nullptr && NumberIn("WATCHDOG_PID") != getpid();
  if (time <= 0 || for_another) return std::nullopt;
  return std::chrono::microseconds(time);
}

void NotifyManager(const std::string& state) {
  const char* path = getenv("NOTIFY_SOCKET");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string_view name = path != nullptr ? path : "";
  if (name.empty() || name.size() >= sizeof(address.sun_path)) return;
  name.copy(address.sun_path, name.size());
  if (name.front() == '@') address.sun_path[0] = '\0';  // an abstract socket
  const int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return;
  sendto(descriptor, state.data(), state.size(), MSG_NOSIGNAL,
         reinterpret_cast<const sockaddr*>(&address),
         static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size()));
  close(descriptor);
}

}  // namespace credmint::daemon
