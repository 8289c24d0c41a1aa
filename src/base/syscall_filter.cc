// SPDX-License-Identifier: Apache-2.0
#include "base/syscall_filter.h"

#include <errno.h>
#include <fmt/format.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <string_view>

namespace credmint {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
constexpr std::uint32_t kArchitecture = 0;  // not known: nothing is filtered
#endif
constexpr std::uint32_t kFirstOfX32 = 0x40000000;

constexpr std::size_t kMostCalls = 1024;
std::array<std::atomic<bool>, kMostCalls> denied_calls{};

struct NamedCall {
  long number;
  std::string_view name;
};

/// Those that an operator may read of.
constexpr NamedCall kNames[] = {
    {__NR_socket, "socket"},
    {__NR_execve, "execve"},
    {__NR_execveat, "execveat"},
    {__NR_ptrace, "ptrace"},
    {__NR_kill, "kill"},
    {__NR_tgkill, "tgkill"},
    {__NR_keyctl, "keyctl"},
    {__NR_bpf, "bpf"},
    {__NR_mount, "mount"},
    {__NR_unshare, "unshare"},
    {__NR_setns, "setns"},
    {__NR_process_vm_readv, "process_vm_readv"},
    {__NR_process_vm_writev, "process_vm_writev"},
};

/// Lets the call fail. Runs in the thread that made it.
void OnDenied(int /*signal*/, siginfo_t* info, void* context) {
  const auto call = static_cast<std::size_t>(info->si_syscall);
  if (call < kMostCalls) denied_calls[call] = true;
  auto& registers = static_cast<ucontext_t*>(context)->uc_mcontext;
#if defined(__x86_64__)
  registers.gregs[REG_RAX] = -EPERM;
#elif defined(__aarch64__)
  registers.regs[0] = static_cast<unsigned long long>(-EPERM);
#else
  static_cast<void>(registers);
#endif
}

void CatchDenials() {
  struct sigaction action {};
  action.sa_sigaction = OnDenied;
  action.sa_flags = SA_SIGINFO | SA_NODEFER | SA_RESTART | SA_ONSTACK;
  sigaction(SIGSYS, &action, nullptr);
}

constexpr std::uint32_t kAllowed = SECCOMP_RET_ALLOW;
constexpr std::uint32_t ErrorNumber(int error) {
  return SECCOMP_RET_ERRNO | (static_cast<std::uint32_t>(error) & SECCOMP_RET_DATA);
}

std::uint32_t OffsetOfArgument(unsigned argument) {
  constexpr bool kLittleEndian = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;
  const std::size_t low = kLittleEndian ? 0 : sizeof(std::uint32_t);
  return static_cast<std::uint32_t>(offsetof(seccomp_data, args) +
                                    argument * sizeof(std::uint64_t) + low);
}

constexpr std::uint16_t kLoad = BPF_LD | BPF_W | BPF_ABS;
constexpr std::uint16_t kIfEqual = BPF_JMP | BPF_JEQ | BPF_K;
constexpr std::uint16_t kIfAtLeast = BPF_JMP | BPF_JGE | BPF_K;
constexpr std::uint16_t kIfAnyBit = BPF_JMP | BPF_JSET | BPF_K;
constexpr std::uint16_t kAnd = BPF_ALU | BPF_AND | BPF_K;
constexpr std::uint16_t kReturn = BPF_RET | BPF_K;
constexpr std::uint32_t kCall = offsetof(seccomp_data, nr);

}  // namespace

void SyscallFilter::Add(std::uint16_t code, std::uint32_t value, std::uint8_t if_true,
                        std::uint8_t if_false) {
  rules_.push_back({code, if_true, if_false, value});
}

void SyscallFilter::AddDenial() {
  Add(kReturn, denial_ == Denial::kNamed ? SECCOMP_RET_TRAP : ErrorNumber(EPERM));
}

void SyscallFilter::Deny(long call) {
  Add(kIfEqual, static_cast<std::uint32_t>(call), 0, 1);
  AddDenial();
}

void SyscallFilter::Deny(std::initializer_list<long> calls) {
  for (const long call : calls) Deny(call);
}

void SyscallFilter::DenyWith(long call, int error) {
  Add(kIfEqual, static_cast<std::uint32_t>(call), 0, 1);
  Add(kReturn, ErrorNumber(error));
}

// The call's number is in the accumulator before each rule. A rule that loads an argument decides.

void SyscallFilter::DenyUnless(long call, unsigned argument,
                               std::initializer_list<std::uint32_t> values) {
  const auto count = static_cast<std::uint8_t>(values.size());
  Add(kIfEqual, static_cast<std::uint32_t>(call), 0, static_cast<std::uint8_t>(count + 3));
  Add(kLoad, OffsetOfArgument(argument));
  std::uint8_t left = count;
  for (const std::uint32_t value : values) Add(kIfEqual, value, left--, 0);
  AddDenial();
  Add(kReturn, kAllowed);
}

void SyscallFilter::DenyUnlessSet(long call, unsigned argument, std::uint32_t bits) {
  Add(kIfEqual, static_cast<std::uint32_t>(call), 0, 5);
  Add(kLoad, OffsetOfArgument(argument));
  Add(kAnd, bits);
  Add(kIfEqual, bits, 1, 0);
  Add(kReturn, ErrorNumber(EPERM));
  Add(kReturn, kAllowed);
}

void SyscallFilter::DenyIfSet(long call, unsigned argument, std::uint32_t bits) {
  Add(kIfEqual, static_cast<std::uint32_t>(call), 0, 4);
  Add(kLoad, OffsetOfArgument(argument));
  Add(kIfAnyBit, bits, 0, 1);
  Add(kReturn, ErrorNumber(EPERM));
  Add(kReturn, kAllowed);
}

Result<void> SyscallFilter::Install() {
  if (kArchitecture == 0) return Fail(ErrorCode::kInternal, "no filter for this architecture");
  std::vector<sock_filter> program = {
      {kLoad, 0, 0, offsetof(seccomp_data, arch)},
      {kIfEqual, 1, 0, kArchitecture},
      {kReturn, 0, 0, ErrorNumber(EPERM)},
      {kLoad, 0, 0, kCall},
  };
#if defined(__x86_64__)
  program.push_back({kIfAtLeast, 0, 1, kFirstOfX32});
  program.push_back({kReturn, 0, 0, ErrorNumber(EPERM)});
#endif
  program.insert(program.end(), rules_.begin(), rules_.end());
  program.push_back({kReturn, 0, 0, kAllowed});
  if (denial_ == Denial::kNamed) CatchDenials();
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  if (syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &filter) == 0) {
    return {};
  }
  return Fail(ErrorCode::kInternal, fmt::format("seccomp: {}", strerror(errno)));
}

std::string SyscallFilter::Denied() {
  std::string text;
  for (std::size_t call = 0; call < kMostCalls; ++call) {
    if (!denied_calls[call]) continue;
    std::string name = fmt::format("system call {}", call);
    for (const NamedCall& known : kNames) {
      if (static_cast<std::size_t>(known.number) == call) name = known.name;
    }
    text += (text.empty() ? "" : ", ") + name;
  }
  return text;
}

}  // namespace credmint
