#include "serve/token_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string_view>
#include <system_error>

#include "base/shown_value.h"

namespace credmint::serve {
namespace {

tl::unexpected<Error> CannotWrite(const std::string& path, std::string_view reason,
                                  std::string hint = {}) {
  return Fail(ErrorCode::kLocalIo,
              fmt::format("writing the token file {}: {}", ShownPath(path), reason),
              std::move(hint));
}

tl::unexpected<Error> CannotWrite(const std::string& path) {
  return CannotWrite(path, std::generic_category().message(errno));
}

Result<void> CheckReplaceable(const std::string& path) {
  struct stat status {};
  if (lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) return {};
    return CannotWrite(path);
  }
  if (!S_ISREG(status.st_mode)) return CannotWrite(path, "it is there and is not a regular file");
  if (status.st_uid != geteuid()) return CannotWrite(path, "it is there and is somebody else's");
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return CannotWrite(path, "it is there and is open to others",
                       fmt::format("chmod 600 {}, or remove it", ShownPath(path)));
  }
  return {};
}

bool WriteAll(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = write(descriptor, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

}  // namespace

Result<void> WriteTokenFile(const std::string& path, const Secret& token) {
  if (auto checked = CheckReplaceable(path); !checked) return checked;
  std::string fresh = path + ".XXXXXX";
  const int descriptor = mkostemp(fresh.data(), O_CLOEXEC);  // of mode 0600, and no one else's
  if (descriptor < 0) return CannotWrite(path);
  const bool written = WriteAll(descriptor, token.Reveal());
  const int write_error = errno;
  const bool closed = close(descriptor) == 0;
  if (written && closed && rename(fresh.c_str(), path.c_str()) == 0) return {};
  const int error = written ? errno : write_error;
  unlink(fresh.c_str());
  return CannotWrite(path, std::generic_category().message(error));
}

}  // namespace credmint::serve
