// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>

namespace credmint::serve {

/// The creator of a socket.
struct SocketOwner {
  uid_t user = 0;
  std::uint64_t inode = 0;  ///< of the socket
};

/// The users at the other end of TCP connections on this machine.
///
/// The kernel knows who created a socket, and answers any user for the exact addresses and ports of
/// a connection (sock_diag(7), NETLINK_SOCK_DIAG). Where netlink is refused, /proc/self/net/tcp and
/// tcp6 are read. A socket may since have been handed to another process: only its
/// creator is known.
///
/// For use by one thread.
class SocketOwners {
 public:
  /// Asks the kernel about `listener`, a listening TCP socket, to learn whether netlink works.
  explicit SocketOwners(int listener);
  ~SocketOwners();
  SocketOwners(const SocketOwners&) = delete;
  SocketOwners& operator=(const SocketOwners&) = delete;

  /// Returns the creator of the socket at the other end of `connection`.
  ///
  /// Returns nothing in these cases, all of which must be treated as a stranger:
  ///
  /// - The other end is on another machine or in another network namespace.
  /// - The other end is closed. An orphaned socket has no inode, and older kernels report it as
  ///   root's.
  /// - The user namespace of this process does not map the user. It then shows as the overflow
  ///   user, usually nobody. In the initial namespace nobody is a user like any other.
  [[nodiscard]] std::optional<SocketOwner> OfPeer(int connection) const;

 private:
  int netlink_ = -1;        // -1: /proc is read
  uid_t unmapped_ = 65534;  // shows for users that are not mapped
  bool all_are_mapped_ = false;
};

/// Whether a socket in this state of TCP can be the other end of an accepted connection. One that
/// is still connecting cannot. It may belong to another user and yet have the same addresses and
/// ports, if one of the two is bound to a device (SO_BINDTODEVICE).
bool CanBePeer(int state);

/// Whether an end of a connection has a loopback address: 127.0.0.0/8, ::1, or the first mapped
/// into IPv6. A local client may bind its own end to any address of this machine.
bool IsOverLoopback(int connection);

}  // namespace credmint::serve
