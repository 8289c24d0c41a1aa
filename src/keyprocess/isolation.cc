// SPDX-License-Identifier: Apache-2.0
#include "keyprocess/isolation.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/idle_memory.h"

namespace credmint::keyprocess {
namespace {

constexpr int kSocket = 3;  ///< the only descriptor that is left, besides the standard streams
constexpr int kOutOfTheWay = 10;

void ResetSignals() {
  for (int number = 1; number < NSIG; ++number) signal(number, SIG_DFL);
  signal(SIGPIPE, SIG_IGN);  // libraries write to sockets whose other end may have gone
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

/// Closes all descriptors from `first` on.
void CloseFrom(int first) {
  if (syscall(SYS_close_range, first, ~0U, 0) == 0) return;
  rlimit limit{};  // a kernel before 5.9
  getrlimit(RLIMIT_NOFILE, &limit);
  for (int number = first; number < static_cast<int>(limit.rlim_cur); ++number) close(number);
}

/// Arranges the descriptors 0 to 3 and closes all others.
bool ArrangeDescriptors(int socket, int output) {
  const int kept_socket = fcntl(socket, F_DUPFD_CLOEXEC, kOutOfTheWay);
  const int nothing = fcntl(open("/dev/null", O_RDWR | O_CLOEXEC), F_DUPFD_CLOEXEC, kOutOfTheWay);
  const int printed = output < 0 ? nothing : fcntl(output, F_DUPFD_CLOEXEC, kOutOfTheWay);
  const bool arranged = dup2(nothing, STDIN_FILENO) >= 0 && dup2(printed, STDOUT_FILENO) >= 0 &&
                        dup2(printed, STDERR_FILENO) >= 0 &&
                        dup3(kept_socket, kSocket, O_CLOEXEC) >= 0;
  CloseFrom(kSocket + 1);
  return arranged;
}

}  // namespace

int Isolate(int socket, int output) {
  if (!ArrangeDescriptors(socket, output)) return -1;
  setsid();
  ResetSignals();
  umask(077);
  PrepareIdleMemory();
  const rlimit none{0, 0};
  const bool done = setrlimit(RLIMIT_CORE, &none) == 0 &&
                    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
                    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
  return done ? kSocket : -1;
}

}  // namespace credmint::keyprocess
