// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "base/error.h"

namespace credmint {

/// Takes system calls away from this process and its children, for good (seccomp(2)). All that no
/// rule names stays allowed. Calls of another architecture (32-bit programs, x32) are denied.
///
/// A denied call fails with an error number. Those that `kNamed` denies are remembered, so that a
/// message can say what was denied. For that, SIGSYS has a handler of this class. Code that
/// removes it, or blocks the signal, is killed by the next such call.
class SyscallFilter {
 public:
  enum class Denial { kNamed, kQuiet };

  explicit SyscallFilter(Denial denial) : denial_(denial) {}

  /// A rule for a call, by its number (__NR_socket). The first rule that matches counts.
  void Deny(long call);
  void Deny(std::initializer_list<long> calls);
  void DenyWith(long call, int error);
  /// Denies the call unless its argument, from 0, is one of these.
  void DenyUnless(long call, unsigned argument, std::initializer_list<std::uint32_t> values);
  /// Denies the call with EPERM unless these bits of its argument are set, without remembering it.
  void DenyUnlessSet(long call, unsigned argument, std::uint32_t bits);
  /// Denies the call with EPERM if one of these bits of its argument is set, without remembering
  /// it.
  void DenyIfSet(long call, unsigned argument, std::uint32_t bits);

  /// Filters all threads from now on. Fails with kInternal if the kernel does not do that. Needs
  /// PR_SET_NO_NEW_PRIVS.
  Result<void> Install();

  /// The names of the calls that filters of this process have denied, with commas; empty if there
  /// is none.
  static std::string Denied();

 private:
  void Add(std::uint16_t code, std::uint32_t value, std::uint8_t if_true = 0,
           std::uint8_t if_false = 0);
  void AddDenial();

  Denial denial_;
  std::vector<sock_filter> rules_;
};

}  // namespace credmint
