// SPDX-License-Identifier: Apache-2.0
#include "base/thread_placement.h"

#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>

namespace credmint {

void PlaceElsewhere(std::thread& thread) {
  if (prctl(PR_GET_SECCOMP) != 0) return;
  cpu_set_t processors;
  const int here = sched_getcpu();
  if (here < 0 || sched_getaffinity(0, sizeof processors, &processors) != 0) return;
  cpu_set_t others = processors;
  CPU_CLR(static_cast<unsigned>(here), &others);
  if (CPU_COUNT(&others) == 0) return;
  if (pthread_setaffinity_np(thread.native_handle(), sizeof others, &others) != 0) return;
  pthread_setaffinity_np(thread.native_handle(), sizeof processors, &processors);
}

}  // namespace credmint
