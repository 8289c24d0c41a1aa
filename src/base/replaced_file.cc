// SPDX-License-Identifier: Apache-2.0
#include "base/replaced_file.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <system_error>

#include "base/descriptor.h"
#include "base/shown_value.h"
#include "base/write_all.h"

namespace credmint {
namespace {

tl::unexpected<Error> CannotReplace(const std::string& path, int reason) {
  return Fail(ErrorCode::kLocalIo,
              fmt::format("writing {}: {}", ShownPath(path), strerror(reason)));
}

/// The file behind links; the path itself if there is none.
std::string BehindLinks(const std::string& path) {
  std::error_code failed;
  const auto real = std::filesystem::canonical(path, failed);
  return failed ? path : real.string();
}

bool FillAs(int descriptor, std::string_view contents, const struct stat* earlier) {
  constexpr mode_t kMode = 0644;
  if (earlier != nullptr && fchown(descriptor, earlier->st_uid, earlier->st_gid) != 0) return false;
  const mode_t mode = earlier != nullptr ? earlier->st_mode & 07777U : kMode;
  return WriteAll(descriptor, contents) && fchmod(descriptor, mode) == 0 && fsync(descriptor) == 0;
}

}  // namespace

Result<void> ReplaceFile(const std::string& path, std::string_view contents) {
  const std::string real = BehindLinks(path);
  struct stat status {};
  const bool exists = lstat(real.c_str(), &status) == 0;
  if (exists && !S_ISREG(status.st_mode)) {
    return Fail(ErrorCode::kLocalIo,
                fmt::format("writing {}: it is not a regular file", ShownPath(path)));
  }
  std::string beside = real + ".XXXXXX";
  const Descriptor file(mkostemp(beside.data(), O_CLOEXEC));
  if (!file) return CannotReplace(path, errno);
  const bool done = FillAs(file.get(), contents, exists ? &status : nullptr) &&
                    rename(beside.c_str(), real.c_str()) == 0;
  if (done) return {};
  const int reason = errno;
  unlink(beside.c_str());
  return CannotReplace(path, reason);
}

}  // namespace credmint
