// SPDX-License-Identifier: Apache-2.0
#include "credentials/profile/locked_file.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <thread>
#include <utility>

#include "base/read_file.h"
#include "base/shown_value.h"
#include "base/write_all.h"

namespace credmint {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr mode_t kOwnerOnly = 0600;
constexpr mode_t kOwnersFolder = 0700;
constexpr milliseconds kBetweenTries{10};
constexpr int kMaxLinks = 40;

std::string FolderOf(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string NameOf(const std::string& path) { return path.substr(path.rfind('/') + 1); }

/// Follows the symbolic links at the end of a path, whether or not they lead to an existing file.
Result<std::string> FollowLinks(std::string path) {
  for (int i = 0; i < kMaxLinks; ++i) {
    struct stat status {};
    if (lstat(path.c_str(), &status) != 0 || !S_ISLNK(status.st_mode)) return path;
    if (status.st_uid != geteuid() && status.st_uid != 0) {
      return Fail(
          ErrorCode::kLocalIo,
          fmt::format("{} is a symbolic link that belongs to another user", ShownPath(path)));
    }
    std::array<char, PATH_MAX> buffer;
    const ssize_t size = readlink(path.c_str(), buffer.data(), buffer.size());
    if (size < 0) {
      return Fail(ErrorCode::kLocalIo,
                  fmt::format("cannot read {}: {}", ShownPath(path), strerror(errno)));
    }
    const std::string link(buffer.data(), static_cast<std::size_t>(size));
    path = link.starts_with('/') ? link : fmt::format("{}/{}", FolderOf(path), link);
  }
  return Fail(ErrorCode::kLocalIo,
              fmt::format("cannot read {}: {}", ShownPath(path), strerror(ELOOP)));
}

Result<Descriptor> OpenFolder(const std::string& path) {
  if (mkdir(path.c_str(), kOwnersFolder) != 0 && errno != EEXIST) {
    return Fail(ErrorCode::kLocalIo,
                fmt::format("cannot create the folder {}: {}", ShownPath(path), strerror(errno)));
  }
  Descriptor folder(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() < 0) {
    return Fail(ErrorCode::kLocalIo,
                fmt::format("cannot open the folder {}: {}", ShownPath(path), strerror(errno)));
  }
  return folder;
}

/// Syncs a folder. Some file systems do not support that, and do not need it.
bool SyncFolder(int descriptor) { return fsync(descriptor) == 0 || errno == EINVAL; }

bool SameTime(const timespec& one, const timespec& other) {
  return one.tv_sec == other.tv_sec && one.tv_nsec == other.tv_nsec;
}

bool IsSame(const std::optional<struct stat>& one, const std::optional<struct stat>& other) {
  if (!one || !other) return one.has_value() == other.has_value();
  return one->st_dev == other->st_dev && one->st_ino == other->st_ino &&
         one->st_size == other->st_size && SameTime(one->st_mtim, other->st_mtim) &&
         SameTime(one->st_ctim, other->st_ctim);
}

}  // namespace

Result<LockedFile> LockedFile::Open(const std::string& path, milliseconds patience) {
  auto target = FollowLinks(path);
  if (!target) return Fail(std::move(target));
  auto folder = OpenFolder(FolderOf(*target));
  if (!folder) return Fail(std::move(folder));
  LockedFile file(ShownPath(*target), NameOf(*target), *std::move(folder));
  if (auto looked = file.Look(); !looked) return Fail(std::move(looked));
  if (auto locked = file.Lock(patience); !locked) return Fail(std::move(locked));
  return file;
}

tl::unexpected<Error> LockedFile::FailErrno(std::string_view what) const {
  return Fail(ErrorCode::kLocalIo, fmt::format("cannot {} {}: {}", what, path_, strerror(errno)));
}

/// Returns the file's current status, or nothing if there is no file.
Result<std::optional<struct stat>> LockedFile::Look() const {
  struct stat status {};
  if (fstatat(folder_.get(), name_.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return std::nullopt;
    return FailErrno("read");
  }
  if (!S_ISREG(status.st_mode)) {
    return Fail(ErrorCode::kLocalIo,
                fmt::format("{} is {}", path_,
                            S_ISDIR(status.st_mode) ? "a directory" : "not a regular file"));
  }
  if (status.st_uid != geteuid() && geteuid() != 0) {
    return Fail(ErrorCode::kLocalIo, fmt::format("{} belongs to another user", path_),
                "run credmint as that user");
  }
  return status;
}

/// Opens or creates the lock file. If root creates it, it goes to the owner of the file, who could
/// not open it otherwise.
Result<Descriptor> LockedFile::OpenLock() const {
  const std::string name = fmt::format(".{}.credmint-lock", name_);
  constexpr int kFlags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
  Descriptor made(openat(folder_.get(), name.c_str(), kFlags | O_CREAT | O_EXCL, kOwnerOnly));
  if (made.get() >= 0) {
    const auto status = Look();
    if (geteuid() == 0 && status && *status &&
        fchown(made.get(), (*status)->st_uid, (*status)->st_gid) != 0) {
      return FailErrno("lock");
    }
    return made;
  }
  if (errno != EEXIST) return FailErrno("lock");
  Descriptor found(openat(folder_.get(), name.c_str(), kFlags));
  if (found.get() < 0) return FailErrno("lock");
  return found;
}

Result<void> LockedFile::Lock(milliseconds patience) {
  auto lock = OpenLock();
  if (!lock) return Fail(std::move(lock));
  lock_ = *std::move(lock);
  const steady_clock::time_point end = steady_clock::now() + patience;
  while (flock(lock_.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) return FailErrno("lock");
    if (steady_clock::now() >= end) {
      return Fail(ErrorCode::kLocalIo, fmt::format("{} is being updated by another process", path_),
                  "to find that process, run fuser on the file .NAME.credmint-lock next to it");
    }
    std::this_thread::sleep_for(kBetweenTries);
  }
  return {};
}

Result<Secret> LockedFile::Read() {
  auto status = Look();
  if (!status) return Fail(std::move(status));
  last_read_ = *status;
  if (!last_read_ || last_read_->st_size == 0) return Secret();
  const Descriptor file(
      openat(folder_.get(), name_.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (file.get() < 0) return FailErrno("read");
  return ReadDescriptor(file.get(), path_);
}

Result<bool> LockedFile::Replace(std::string_view contents) {
  const std::string name = fmt::format(".{}.credmint-new", name_);
  unlinkat(folder_.get(), name.c_str(), 0);  // may be left from a writer that was killed
  if (auto written = WriteBeside(name, contents); !written) {
    unlinkat(folder_.get(), name.c_str(), 0);
    return Fail(std::move(written));
  }
  const auto status = Look();
  if (!status || !IsSame(*status, last_read_)) {
    unlinkat(folder_.get(), name.c_str(), 0);
    return false;
  }
  if (renameat(folder_.get(), name.c_str(), folder_.get(), name_.c_str()) != 0) {
    const auto failed = FailErrno("replace");
    unlinkat(folder_.get(), name.c_str(), 0);
    return failed;
  }
  if (!SyncFolder(folder_.get())) return FailErrno("write");
  return true;
}

Result<void> LockedFile::WriteBeside(const std::string& name, std::string_view contents) const {
  const Descriptor file(openat(folder_.get(), name.c_str(),
                               O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kOwnerOnly));
  if (file.get() < 0) return FailErrno("write");
  const mode_t mode = last_read_ ? last_read_->st_mode & kOwnerOnly : kOwnerOnly;
  // If this user is not in the group, fchown() fails for the owner. The group keeps no access
  // anyway.
  if (last_read_ && fchown(file.get(), last_read_->st_uid, last_read_->st_gid) != 0 &&
      last_read_->st_uid != geteuid()) {
    return FailErrno("write");
  }
  const bool written =
      fchmod(file.get(), mode) == 0 && WriteAll(file.get(), contents) && fsync(file.get()) == 0;
  if (!written) return FailErrno("write");
  return {};
}

}  // namespace credmint
