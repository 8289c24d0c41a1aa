// SPDX-License-Identifier: Apache-2.0
#include "base/core_limit.h"

#include <sys/prctl.h>

namespace credmint {
namespace {

rlimit ReadCoreLimit() {
  rlimit limit{};
  getrlimit(RLIMIT_CORE, &limit);
  return limit;
}

}  // namespace

rlimit EarlierCoreLimit() {
  static const rlimit kEarlier = ReadCoreLimit();
  return kEarlier;
}

void ForbidTracing() { prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }

void ForbidCoreFiles() {
  const rlimit none{0, EarlierCoreLimit().rlim_max};
  setrlimit(RLIMIT_CORE, &none);
}

}  // namespace credmint
