// SPDX-License-Identifier: Apache-2.0
// Makes every pause of a fuzzer end at once. Code that tries again after a pause would otherwise
// spend its time there. Waits for other threads are not affected.

#include <time.h>

extern "C" int nanosleep(const timespec* /*wanted*/, timespec* left) {
  if (left != nullptr) *left = {};
  return 0;
}

extern "C" int clock_nanosleep(clockid_t /*clock*/, int /*flags*/, const timespec* wanted,
                               timespec* left) {
  return nanosleep(wanted, left);
}
