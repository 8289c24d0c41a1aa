// SPDX-License-Identifier: Apache-2.0
#include "base/journal_stream.h"

#include <fmt/format.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

namespace credmint {

bool StandardErrorIsJournal() {
  const char* const named = getenv("JOURNAL_STREAM");
  struct stat status {};
  if (named == nullptr || fstat(STDERR_FILENO, &status) != 0) return false;
  return fmt::format("{}:{}", status.st_dev, status.st_ino) == named;
}

}  // namespace credmint
