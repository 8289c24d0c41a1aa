// SPDX-License-Identifier: Apache-2.0
#include "base/new_file.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/shown_value.h"
#include "base/write_all.h"

namespace credmint {
namespace {

tl::unexpected<Error> CannotWriteNew(const std::string& path) {
  const bool exists = errno == EEXIST;
  return Fail(ErrorCode::kLocalIo, fmt::format("writing {}: {}", ShownPath(path), strerror(errno)),
              exists ? "it is never overwritten: remove it, or name another file" : "");
}

/// mkostemp() allows nobody else to read.
mode_t LessUmask(mode_t permissions) {
  const mode_t mask = umask(0);
  umask(mask);
  return permissions & ~mask;
}

bool Fill(int descriptor, std::string_view contents, mode_t permissions) {
  return WriteAll(descriptor, contents) && fchmod(descriptor, LessUmask(permissions)) == 0 &&
         fsync(descriptor) == 0;
}

}  // namespace

Result<void> CheckIsNewFile(const std::string& path) {
  struct stat status {};
  if (lstat(path.c_str(), &status) != 0) return {};
  errno = EEXIST;
  return CannotWriteNew(path);
}

Result<void> WriteNewFile(const std::string& path, std::string_view contents, mode_t permissions) {
  std::string beside = path + ".XXXXXX";
  const Descriptor file(mkostemp(beside.data(), O_CLOEXEC));
  if (!file) return CannotWriteNew(path);
  Result<void> written;
  const bool done =
      Fill(file.get(), contents, permissions) &&
      renameat2(AT_FDCWD, beside.c_str(), AT_FDCWD, path.c_str(), RENAME_NOREPLACE) == 0;
  if (!done) written = CannotWriteNew(path);
  if (!written) unlink(beside.c_str());
  return written;
}

}  // namespace credmint
