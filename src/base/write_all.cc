// SPDX-License-Identifier: Apache-2.0
#include "base/write_all.h"

#include <errno.h>
#include <unistd.h>

namespace credmint {

bool WriteAll(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = write(descriptor, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

}  // namespace credmint
