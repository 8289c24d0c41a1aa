// SPDX-License-Identifier: Apache-2.0
#include "base/file_lock.h"

#include <errno.h>
#include <fmt/format.h>
#include <string.h>
#include <sys/file.h>

#include <future>
#include <memory>
#include <utility>

#include "base/quiet_thread.h"

namespace credmint {
namespace {

tl::unexpected<Error> CannotLock(int error) {
  return Fail(ErrorCode::kLocalIo, fmt::format("locking it: {}", strerror(error)));
}

/// Calls flock() until no signal interrupts it. Returns 0 or errno.
int Flock(const Descriptor& file, int operation) {
  int result = 0;
  do {
    result = flock(file.get(), operation);
  } while (result != 0 && errno == EINTR);
  return result == 0 ? 0 : errno;
}

}  // namespace

Result<std::optional<Descriptor>> LockWithin(std::chrono::milliseconds limit, Descriptor file) {
  const int error = Flock(file, LOCK_EX | LOCK_NB);
  if (error == 0) return file;
  if (error != EWOULDBLOCK) return CannotLock(error);
  if (limit <= std::chrono::milliseconds::zero()) return std::nullopt;

  const auto wait = std::make_shared<std::packaged_task<Result<Descriptor>()>>(
      [file = std::move(file)]() mutable -> Result<Descriptor> {
        if (const int refused = Flock(file, LOCK_EX); refused != 0) return CannotLock(refused);
        return std::move(file);
      });
  auto locked = wait->get_future();
  std::thread thread = StartQuietThread([wait] { (*wait)(); });
  if (!thread.joinable()) return CannotLock(EAGAIN);
  if (locked.wait_for(limit) == std::future_status::timeout) {
    thread.detach();
    return std::nullopt;
  }
  thread.join();
  auto result = locked.get();
  if (!result) return Fail(std::move(result));
  return *std::move(result);
}

}  // namespace credmint
