// SPDX-License-Identifier: Apache-2.0
#include "base/quiet_thread.h"

#include <signal.h>

#include <system_error>
#include <utility>

namespace credmint {

std::thread StartQuietThread(std::function<void()> body) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread thread;
  try {
    thread = std::thread(std::move(body));
  } catch (const std::system_error&) {  // the result says so
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

}  // namespace credmint
