// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/error.h"

namespace credmint::serve {

/// A listening TCP socket with its address. Move-only; closed when destroyed.
class ListenSocket {
 public:
  /// Opens a socket. `address` is a numeric IPv4 or IPv6 address, with or without brackets. Port 0
  /// chooses any free port. Fails with kUsage if the address is malformed, and with kLocalIo if it
  /// is not available.
  static Result<ListenSocket> Open(const std::string& address, std::uint16_t port);

  /// Takes over an open socket. Fails with kLocalIo unless it is a listening TCP socket.
  static Result<ListenSocket> Adopt(int descriptor);

  ListenSocket(ListenSocket&& other) noexcept;
  ListenSocket& operator=(ListenSocket&& other) noexcept;
  ListenSocket(const ListenSocket&) = delete;
  ListenSocket& operator=(const ListenSocket&) = delete;
  ~ListenSocket();

  [[nodiscard]] int descriptor() const { return descriptor_; }
  [[nodiscard]] const std::string& address() const { return address_; }  ///< without brackets
  [[nodiscard]] std::uint16_t port() const { return port_; }

  /// "127.0.0.1:9911" or "[::1]:9911", the form used in URLs.
  [[nodiscard]] std::string Authority() const;

  /// Releases ownership of the descriptor.
  int Release();

 private:
  explicit ListenSocket(int descriptor) : descriptor_(descriptor) {}
  Result<void> ReadName();

  int descriptor_ = -1;
  std::string address_;
  std::uint16_t port_ = 0;
};

}  // namespace credmint::serve
