// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

namespace credmint::serve {

/// A process that holds a socket.
struct SocketProgram {
  pid_t process = 0;
  std::string name;  ///< as in /proc/PID/comm: at most 15 bytes, chosen by the program
};

/// Looks for a process that has the socket with this inode open. Returns nothing if there is none
/// among those whose descriptors this user may list: its own, or all for root. Reads all of /proc,
/// so only for messages that are rare.
std::optional<SocketProgram> FindSocketProgram(std::uint64_t inode);

}  // namespace credmint::serve
