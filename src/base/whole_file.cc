// SPDX-License-Identifier: Apache-2.0
#include "base/whole_file.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <system_error>

#include "base/descriptor.h"
#include "base/shown_value.h"
#include "base/write_all.h"

namespace credmint {
namespace {

/// Recognised by RemoveLeftovers().
constexpr const char* kMarkOfUnfinished = ".credmint-";
constexpr const char* kAcl = "system.posix_acl_access";

tl::unexpected<Error> CannotWriteWhole(const std::string& path) {
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

/// The file behind links; the path itself if there is none.
std::string BehindLinks(const std::string& path) {
  std::error_code failed;
  const auto real = std::filesystem::canonical(path, failed);
  return failed ? path : real.string();
}

/// Whether errno says that there is no ACL.
bool HasNoAcl() { return errno == ENODATA || errno == EOPNOTSUPP; }

/// The POSIX ACL of a file; empty if it has none, and nothing if it cannot be read.
std::optional<std::string> ReadAcl(const std::string& path) {
  std::string acl(XATTR_SIZE_MAX, '\0');
  const ssize_t size = lgetxattr(path.c_str(), kAcl, acl.data(), acl.size());
  if (size < 0 && !HasNoAcl()) return std::nullopt;
  acl.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
  return acl;
}

/// A file beside its place. Removed unless it was moved there. Functions that fail set errno.
class FileBeside {
 public:
  explicit FileBeside(const std::string& place)
      : place_(place),
        path_(place + kMarkOfUnfinished + "XXXXXX"),
        file_(mkostemp(path_.data(), O_CLOEXEC)) {}
  FileBeside(const FileBeside&) = delete;
  FileBeside& operator=(const FileBeside&) = delete;
  ~FileBeside() {
    const int kept = errno;
    if (file_ && !moved_) unlink(path_.c_str());
    errno = kept;
  }

  bool Fill(std::string_view contents, mode_t permissions) {
    return file_ && WriteAll(file_.get(), contents) && fchmod(file_.get(), permissions) == 0 &&
           fsync(file_.get()) == 0;
  }

  bool GiveTo(uid_t user, gid_t group) { return file_ && fchown(file_.get(), user, group) == 0; }

  /// Gives it this ACL, or takes from it the one that its folder gave it.
  bool SetAcl(const std::string& acl) {
    if (!acl.empty()) return fsetxattr(file_.get(), kAcl, acl.data(), acl.size(), 0) == 0;
    return fremovexattr(file_.get(), kAcl) == 0 || HasNoAcl();
  }

  bool Replace() {
    moved_ = rename(path_.c_str(), place_.c_str()) == 0;
    return moved_;
  }

  /// Some file systems know no rename that replaces nothing. A new name for a file never does.
  bool MoveToNewPlace() {
    moved_ = renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, place_.c_str(), RENAME_NOREPLACE) == 0;
    if (moved_ || (errno != EINVAL && errno != ENOSYS)) return moved_;
    return link(path_.c_str(), place_.c_str()) == 0;
  }

 private:
  const std::string place_;
  std::string path_;
  const Descriptor file_;
  bool moved_ = false;
};

}  // namespace

Result<void> CheckIsNewFile(const std::string& path) {
  struct stat status {};
  if (lstat(path.c_str(), &status) != 0) return {};
  errno = EEXIST;
  return CannotWriteWhole(path);
}

void RemoveLeftovers(const std::string& path, std::chrono::minutes least_age) {
  const std::filesystem::path real = BehindLinks(path);
  const std::string begin = real.filename().string() + kMarkOfUnfinished;
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator(
           real.has_parent_path() ? real.parent_path() : ".", failed)) {
    const std::string name = entry.path().filename();
    if (!name.starts_with(begin) || name.size() != begin.size() + 6) continue;
    const auto written = entry.last_write_time(failed);
    const auto oldest = std::filesystem::file_time_type::clock::now() - least_age;
    if (!failed && written <= oldest) std::filesystem::remove(entry.path(), failed);
  }
}

Result<void> WriteNewFile(const std::string& path, std::string_view contents, mode_t permissions) {
  FileBeside file(path);
  if (file.Fill(contents, LessUmask(permissions)) && file.MoveToNewPlace()) return {};
  return CannotWriteWhole(path);
}

Result<void> ReplaceFile(const std::string& path, std::string_view contents) {
  constexpr mode_t kNewMode = 0644;
  const std::string real = BehindLinks(path);
  struct stat status {};
  const bool exists = lstat(real.c_str(), &status) == 0;
  if (exists && !S_ISREG(status.st_mode)) {
    return Fail(ErrorCode::kLocalIo,
                fmt::format("writing {}: it is not a regular file", ShownPath(path)));
  }
  const auto acl = exists ? ReadAcl(real) : std::nullopt;
  FileBeside file(real);
  const bool is_owned = !exists || file.GiveTo(status.st_uid, status.st_gid);
  mode_t mode = exists ? status.st_mode & 07777U : kNewMode;
  // With an ACL, these bits are its mask: without it they would be rights of the group.
  if (exists && is_owned && !(acl && file.SetAcl(*acl))) mode &= ~mode_t{S_IRWXG};
  if (is_owned && file.Fill(contents, mode) && file.Replace()) return {};
  return CannotWriteWhole(path);
}

}  // namespace credmint
