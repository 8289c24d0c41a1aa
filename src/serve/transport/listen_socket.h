// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/error.h"

namespace credmint::serve {

/// A TCP socket that takes connections, and where it does. Move-only; closed when destroyed.
class ListenSocket {
 public:
  /// Opens one. `address` is numeric, IPv4 or IPv6 (brackets may stand around it); port 0 is any
  /// that is free. Fails with kUsage on another address, with kLocalIo where it cannot be had.
  static Result<ListenSocket> Open(const std::string& address, std::uint16_t port);

  /// Takes over one that is open. Fails with kLocalIo unless it is a TCP socket that listens.
  static Result<ListenSocket> Adopt(int descriptor);

  ListenSocket(ListenSocket&& other) noexcept;
  ListenSocket& operator=(ListenSocket&& other) noexcept;
  ListenSocket(const ListenSocket&) = delete;
  ListenSocket& operator=(const ListenSocket&) = delete;
  ~ListenSocket();

  [[nodiscard]] int descriptor() const { return descriptor_; }
  [[nodiscard]] const std::string& address() const { return address_; }  ///< without brackets
  [[nodiscard]] std::uint16_t port() const { return port_; }

  /// "127.0.0.1:9911", "[::1]:9911": as it stands in a URL.
  [[nodiscard]] std::string Authority() const;

  /// Hands the descriptor to somebody else, who closes it.
  int Release();

 private:
  explicit ListenSocket(int descriptor) : descriptor_(descriptor) {}
  Result<void> ReadName();

  int descriptor_ = -1;
  std::string address_;
  std::uint16_t port_ = 0;
};

}  // namespace credmint::serve
