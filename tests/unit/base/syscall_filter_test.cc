// SPDX-License-Identifier: Apache-2.0
#include "base/syscall_filter.h"

#include <errno.h>
#include <gtest/gtest.h>
#include <linux/sched.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <string>
#include <thread>

namespace credmint {
namespace {

/// Runs in a child, because a filter stays. Returns the check's outcome.
bool HoldsInChild(const std::function<bool()>& check) {
  const pid_t child = fork();
  if (child == 0) {
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    _exit(check() ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool Denies(long result) { return result < 0 && errno == EPERM; }

TEST(SyscallFilterTest, NamesWhatItDenies) {
  EXPECT_TRUE(HoldsInChild([] {
    SyscallFilter filter(SyscallFilter::Denial::kNamed);
    filter.Deny({__NR_ptrace, __NR_sethostname});
    if (!filter.Install() || !SyscallFilter::Denied().empty()) return false;
    return Denies(syscall(__NR_ptrace, PTRACE_TRACEME, 0, 0, 0)) &&
           Denies(syscall(__NR_sethostname, "x", 1)) &&
           SyscallFilter::Denied().find("ptrace") != std::string::npos;
  }));
}

TEST(SyscallFilterTest, ChoosesByAnArgument) {
  EXPECT_TRUE(HoldsInChild([] {
    SyscallFilter filter(SyscallFilter::Denial::kQuiet);
    filter.DenyUnless(__NR_socket, 0, {AF_UNIX, AF_INET6});
    if (!filter.Install()) return false;
    return Denies(socket(AF_INET, SOCK_STREAM, 0)) && socket(AF_UNIX, SOCK_STREAM, 0) >= 0 &&
           socket(AF_INET6, SOCK_DGRAM, 0) >= 0 && SyscallFilter::Denied().empty();
  }));
}

TEST(SyscallFilterTest, LetsThreadsStartButNoProcess) {
  EXPECT_TRUE(HoldsInChild([] {
    SyscallFilter filter(SyscallFilter::Denial::kNamed);
    filter.DenyUnlessSet(__NR_clone, 0, CLONE_THREAD);
    filter.DenyWith(__NR_clone3, ENOSYS);
    if (!filter.Install()) return false;
    bool ran = false;
    std::thread([&] { ran = true; }).join();
    return ran && Denies(fork());
  }));
}

TEST(SyscallFilterTest, HoldsForThreadsThatRunAlready) {
  EXPECT_TRUE(HoldsInChild([] {
    std::atomic<bool> installed = false;
    bool denied = false;
    std::thread other([&] {
      while (!installed) std::this_thread::yield();
      denied = Denies(syscall(__NR_sethostname, "x", 1));
    });
    SyscallFilter filter(SyscallFilter::Denial::kQuiet);
    filter.Deny(__NR_sethostname);
    installed = filter.Install().has_value();
    if (!installed) _exit(1);
    other.join();
    return denied;
  }));
}

}  // namespace
}  // namespace credmint
