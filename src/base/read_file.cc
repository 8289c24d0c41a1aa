// SPDX-License-Identifier: Apache-2.0
#include "base/read_file.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "base/descriptor.h"
#include "base/shown_value.h"

namespace credmint {
namespace {

tl::unexpected<Error> FailErrno(const std::string& name) {
  return Fail(ErrorCode::kLocalIo, fmt::format("cannot read {}: {}", name, strerror(errno)));
}

Result<void> CheckWriters(const std::string& name, const struct stat& status) {
  if (!S_ISREG(status.st_mode) || (status.st_mode & S_IWOTH) == 0) return {};
  return Fail(ErrorCode::kLocalIo,
              fmt::format("{} is writable by everyone (mode {:04o})", name, status.st_mode & 07777),
              fmt::format("chmod o-w {}", name));
}

/// Grows without leaving unwiped copies behind, as realloc or vector growth would.
Secret Append(const Secret& head, std::span<char> tail) {
  std::vector<char> joined(head.size() + tail.size());
  std::copy(head.Reveal().begin(), head.Reveal().end(), joined.begin());
  std::copy(tail.begin(), tail.end(), joined.begin() + static_cast<std::ptrdiff_t>(head.size()));
  explicit_bzero(tail.data(), tail.size());
  return Secret::Take(joined);
}

}  // namespace

Result<Secret> ReadDescriptor(int descriptor, const std::string& name, std::size_t max_size) {
  Secret contents;
  std::vector<char> chunk(16384);
  for (;;) {
    const ssize_t count = read(descriptor, chunk.data(), chunk.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return FailErrno(name);
    if (count == 0) break;
    contents = Append(contents, std::span(chunk).first(static_cast<std::size_t>(count)));
    if (contents.size() > max_size) {
      return Fail(ErrorCode::kLocalIo,
                  fmt::format("cannot read {}: it is longer than {} bytes", name, max_size));
    }
  }
  if (contents.empty()) {
    return Fail(ErrorCode::kLocalIo, fmt::format("cannot read {}: it is empty", name));
  }
  return contents;
}

Result<Secret> ReadFile(const std::string& path, std::size_t max_size, FileAccess access) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (file.get() < 0) {
    if (auto checked = CheckPath(path, "a path"); !checked) return Fail(std::move(checked));
    return FailErrno(ShownPath(path));
  }
  const std::string name = ShownPath(path);
  struct stat status {};
  if (fstat(file.get(), &status) != 0) return FailErrno(name);
  if (access == FileAccess::kOwnerOnly && S_ISREG(status.st_mode) && (status.st_mode & 077) != 0) {
    return Fail(ErrorCode::kLocalIo,
                fmt::format("{} holds a secret but others may read or write it (mode {:04o})", name,
                            status.st_mode & 07777),
                fmt::format("chmod 600 {}", name));
  }
  if (access != FileAccess::kAny) {
    if (auto checked = CheckWriters(name, status); !checked) return Fail(std::move(checked));
  }
  return ReadDescriptor(file.get(), name, max_size);
}

Result<void> CheckNotWrittenByAll(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return {};
  return CheckWriters(ShownPath(path), status);
}

std::string DescribeOpenKeyFile(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return {};
  const mode_t mode = status.st_mode & 07777;
  const auto may = [mode](std::string_view what) {
    return fmt::format("{} it (mode {:04o})", what, mode);
  };
  if ((mode & S_IWOTH) != 0) return may("everybody may write");
  if ((mode & S_IROTH) != 0) return may("everybody may read");
  return (mode & S_IRGRP) != 0 ? may("its group may read") : "";
}

}  // namespace credmint
