// SPDX-License-Identifier: Apache-2.0
#include "credentials/cache/cache_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <string_view>

#include "base/file_lock.h"
#include "base/read_file.h"
#include "base/shown_value.h"
#include "base/write_all.h"

namespace credmint {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t kMaxEntrySize = 1 << 16;
constexpr mode_t kForOthers = 077;
constexpr mode_t kWritableByOthers = 022;

tl::unexpected<Error> FailErrno(std::string_view what) {
  return Fail(ErrorCode::kLocalIo, fmt::format("{}: {}", what, strerror(errno)));
}

std::string FromEnvironment(const char* name) {
  const char* const value = getenv(name);
  return value != nullptr ? value : "";
}

Result<struct stat> StatusOf(int descriptor, const std::string& path) {
  struct stat status {};
  if (fstat(descriptor, &status) != 0) return FailErrno(path);
  if (status.st_uid != geteuid()) {
    return Fail(ErrorCode::kLocalIo, fmt::format("{} belongs to user {}, not to user {}", path,
                                                 status.st_uid, geteuid()));
  }
  return status;
}

Result<void> RefuseMode(const struct stat& status, mode_t refused, const std::string& path,
                        const char* hint) {
  if ((status.st_mode & refused) == 0) return {};
  return Fail(ErrorCode::kLocalIo,
              fmt::format("{} is open to others (mode {:04o})", path, status.st_mode & 07777),
              fmt::format(fmt::runtime(hint), path));
}

/// Opens a directory that belongs to us and that others cannot write, so only we put files there.
Result<Descriptor> OpenBase(const char* variable, const std::string& path) {
  if (path.front() != '/') {
    return Fail(ErrorCode::kLocalIo,
                fmt::format("{} is not an absolute path: {}", variable, ShownPath(path)));
  }
  Descriptor base(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!base) return FailErrno(fmt::format("{}={}", variable, ShownPath(path)));
  auto status = StatusOf(base.get(), path);
  if (!status) return Fail(std::move(status), variable);
  if (auto mode = RefuseMode(*status, kWritableByOthers, path, "chmod go-w {}"); !mode) {
    return Fail(std::move(mode), variable);
  }
  return base;
}

/// Accepts a regular file of ours that only we can access and that has no other name.
Result<void> CheckFile(int descriptor, const std::string& path) {
  auto status = StatusOf(descriptor, path);
  if (!status) return Fail(std::move(status));
  if (!S_ISREG(status->st_mode)) {
    return Fail(ErrorCode::kLocalIo, fmt::format("{} is not a regular file", path));
  }
  if (status->st_nlink > 1) {
    return Fail(ErrorCode::kLocalIo, fmt::format("{} has another hard link", path));
  }
  return RefuseMode(*status, kForOthers, path, "chmod 600 {}");
}

}  // namespace

Result<CacheFolder> CacheFolder::Open() {
  const char* hint = "chmod 700 {}";
  std::string path = FromEnvironment("XDG_RUNTIME_DIR");
  if (!path.empty()) {
    const auto base = OpenBase("XDG_RUNTIME_DIR", path);
    if (!base) return Fail(base);
    path += "/credmint";
    if (mkdirat(base->get(), "credmint", 0700) != 0 && errno != EEXIST) return FailErrno(path);
    Descriptor folder(
        openat(base->get(), "credmint", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    return Check(std::move(folder), std::move(path), hint);
  }
  path = FromEnvironment("RUNTIME_DIRECTORY");
  path.erase(std::min(path.find(':'), path.size()));
  if (path.empty()) {
    return Fail(ErrorCode::kLocalIo,
                "there is no place for the cache: neither XDG_RUNTIME_DIR nor RUNTIME_DIRECTORY "
                "is set",
                "a login session sets the first, a systemd unit with RuntimeDirectory= the second");
  }
  auto folder = OpenBase("RUNTIME_DIRECTORY", path);
  if (!folder) return Fail(std::move(folder));
  return Check(*std::move(folder), std::move(path), "RuntimeDirectoryMode=0700 in the unit");
}

Result<CacheFolder> CacheFolder::Check(Descriptor folder, std::string path, const char* hint) {
  if (!folder && (errno == ELOOP || errno == ENOTDIR)) {
    return Fail(ErrorCode::kLocalIo, fmt::format("{} is a symbolic link or not a folder", path),
                fmt::format("rm {}", path));
  }
  if (!folder) return FailErrno(path);
  auto status = StatusOf(folder.get(), path);
  if (!status) return Fail(std::move(status));
  if (auto mode = RefuseMode(*status, kForOthers, path, hint); !mode) return Fail(std::move(mode));
  return CacheFolder(std::move(folder), std::move(path));
}

Result<Secret> CacheFolder::Read(const std::string& name) const {
  const std::string path = path_ + "/" + name;
  const Descriptor file(openat(folder_.get(), name.c_str(),
                               O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!file) return FailErrno(path);
  if (auto good = CheckFile(file.get(), path); !good) return Fail(std::move(good));
  return ReadDescriptor(file.get(), path, kMaxEntrySize);
}

Result<void> CacheFolder::Replace(const std::string& name, const Secret& contents) const {
  const std::string temporary = name + ".new";  // may be left from a writer that was killed
  if (auto removed = Remove(temporary); !removed) return removed;
  const std::string path = path_ + "/" + temporary;
  {
    const Descriptor file(openat(folder_.get(), temporary.c_str(),
                                 O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!file) return FailErrno(path);
    if (!WriteAll(file.get(), contents.Reveal())) {
      auto failed = FailErrno(path);
      static_cast<void>(Remove(temporary));
      return failed;
    }
  }
  if (renameat(folder_.get(), temporary.c_str(), folder_.get(), name.c_str()) == 0) return {};
  auto failed = FailErrno(path_ + "/" + name);
  static_cast<void>(Remove(temporary));
  return failed;
}

Result<std::optional<Descriptor>> CacheFolder::Lock(const std::string& name,
                                                    milliseconds limit) const {
  const auto end = steady_clock::now() + limit;
  while (true) {
    auto file = OpenLock(name);
    if (!file) return Fail(std::move(file));
    const auto left = duration_cast<milliseconds>(end - steady_clock::now());
    auto locked = LockWithin(left, *std::move(file));
    if (!locked) return Fail(std::move(locked), path_ + "/" + name);
    // The previous holder may have removed the file. Another file is then the lock.
    if (!*locked || IsNamed(**locked, name)) return *std::move(locked);
  }
}

Result<Descriptor> CacheFolder::OpenLock(const std::string& name) const {
  const std::string path = path_ + "/" + name;
  Descriptor file(openat(folder_.get(), name.c_str(),
                         O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600));
  if (!file) return FailErrno(path);
  if (auto good = CheckFile(file.get(), path); !good) return Fail(std::move(good));
  return file;
}

bool CacheFolder::IsNamed(const Descriptor& file, const std::string& name) const {
  struct stat ours {};
  struct stat named {};
  return fstat(file.get(), &ours) == 0 &&
         fstatat(folder_.get(), name.c_str(), &named, AT_SYMLINK_NOFOLLOW) == 0 &&
         named.st_ino == ours.st_ino;
}

Result<void> CacheFolder::Remove(const std::string& name) const {
  if (unlinkat(folder_.get(), name.c_str(), 0) == 0 || errno == ENOENT) return {};
  return FailErrno(path_ + "/" + name);
}

Result<std::vector<std::string>> CacheFolder::Names() const {
  const int twin = openat(folder_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (twin < 0) return FailErrno(path_);
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(fdopendir(twin), closedir);
  if (!listing) return FailErrno(path_);
  std::vector<std::string> names;
  while (const dirent* const entry = readdir(listing.get())) {
    if (std::string_view(entry->d_name).front() != '.') names.emplace_back(entry->d_name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace credmint
