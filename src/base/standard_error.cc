// SPDX-License-Identifier: Apache-2.0
#include "base/standard_error.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>

#include "base/guarded.h"
#include "base/write_all.h"

namespace credmint {
namespace {

constexpr off_t kMostKept = 65536;

std::atomic<bool> allowed = false;

/// Held for as long as a CaughtStandardError lives.
std::mutex& CatchMutex() {
  static auto* const kMutex = new std::mutex;
  return *kMutex;
}

/// The descriptor that leads to the user's stderr: 2, or a duplicate while 2 is caught.
Guarded<int>& Destination() {
  static auto* const kDestination = new Guarded<int>(STDERR_FILENO);
  return *kDestination;
}

/// Creates an in-memory file that cannot grow; -1 if that is impossible.
int MakeFile() {
  const int file = memfd_create("stderr", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (file < 0) return -1;
  if (ftruncate(file, kMostKept) == 0 && fcntl(file, F_ADD_SEALS, F_SEAL_GROW) == 0) return file;
  close(file);
  return -1;
}

/// Opens what can be neither read from 0 nor written to 1 and 2. The lowest number is taken first.
void OccupyClosedDescriptors() {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(descriptor, F_GETFD) >= 0) continue;
    const int direction = descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY;
    static_cast<void>(open("/dev/null", direction | O_CLOEXEC));
  }
}

}  // namespace

void AllowCatchingStandardError() {
  OccupyClosedDescriptors();
  allowed = true;
}

void ForbidCatchingStandardError() { allowed = false; }

void WriteStandardError(std::string_view text) {
  const auto destination = Destination().Lock();
  static_cast<void>(WriteAll(*destination, text));  // a failure cannot be reported anywhere
}

CaughtStandardError::CaughtStandardError() {
  if (!allowed) return;
  alone_ = std::unique_lock(CatchMutex());
  const int file = MakeFile();
  if (file < 0) return;
  const auto destination = Destination().Lock();
  const int before = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  if (before >= 0 && dup2(file, STDERR_FILENO) == STDERR_FILENO) {
    *destination = before;
    caught_ = file;
    return;
  }
  if (before >= 0) close(before);
  close(file);
}

CaughtStandardError::~CaughtStandardError() {
  if (caught_ < 0) return;
  const auto destination = Destination().Lock();
  dup2(*destination, STDERR_FILENO);
  close(*destination);
  *destination = STDERR_FILENO;
  close(caught_);
}

/// The descriptors share one offset, which is the end of the text.
std::string CaughtStandardError::Text() const {
  if (caught_ < 0) return {};
  const off_t end = lseek(caught_, 0, SEEK_CUR);
  std::string text(static_cast<std::size_t>(std::clamp<off_t>(end, 0, kMostKept)), '\0');
  const ssize_t count = pread(caught_, text.data(), text.size(), 0);
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  return text;
}

}  // namespace credmint
