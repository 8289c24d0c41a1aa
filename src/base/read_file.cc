// SPDX-License-Identifier: Apache-2.0
#include "base/read_file.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <thread>
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

constexpr std::chrono::seconds kLongestWaitForWriter{20};
constexpr std::chrono::milliseconds kLookForWriter{20};

/// Whether a pipe has a name in a folder, so that a writer may still open it.
bool HasName(int pipe) {
  struct statfs status {};
  return fstatfs(pipe, &status) == 0 && status.f_type != PIPEFS_MAGIC;
}

/// Waits until a pipe has a writer. Returns what was read meanwhile: one byte, or nothing. As long
/// as a pipe has no writer, a read that does not wait finds its end.
Result<Secret> AwaitWriter(int pipe, const std::string& name) {
  const auto deadline = std::chrono::steady_clock::now() + kLongestWaitForWriter;
  char byte = 0;
  ssize_t count = 0;
  while ((count = read(pipe, &byte, 1)) == 0 && HasName(pipe)) {
    if (std::chrono::steady_clock::now() > deadline) {
      return Fail(
          ErrorCode::kLocalIo,
          fmt::format("cannot read {}: it is a pipe, and no program has written into it for "
                      "{} seconds",
                      name, kLongestWaitForWriter.count()));
    }
    std::this_thread::sleep_for(kLookForWriter);
  }
  return count == 1 ? Secret::Take(std::span(&byte, 1)) : Secret();
}

/// Makes reads of a pipe or terminal wait for bytes from here on. Returns what was read before.
Result<Secret> BeginStream(int descriptor, mode_t mode, const std::string& name) {
  auto begun = S_ISFIFO(mode) ? AwaitWriter(descriptor, name) : Result<Secret>(Secret());
  fcntl(descriptor, F_SETFL, 0);
  return begun;
}

/// Reads to the end, after what was read already.
Result<Secret> ReadOn(Secret contents, int descriptor, const std::string& name,
                      std::size_t max_size) {
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

}  // namespace

Result<Secret> ReadDescriptor(int descriptor, const std::string& name, std::size_t max_size) {
  return ReadOn({}, descriptor, name, max_size);
}

Result<Secret> ReadFile(const std::string& path, std::size_t max_size, FileAccess access) {
  // O_NONBLOCK: opening a pipe would wait for a writer.
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
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
  auto begun = S_ISREG(status.st_mode) ? Result<Secret>(Secret())
                                       : BeginStream(file.get(), status.st_mode, name);
  if (!begun) return begun;
  return ReadOn(*std::move(begun), file.get(), name, max_size);
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
