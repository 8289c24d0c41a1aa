// SPDX-License-Identifier: Apache-2.0
#include "base/new_folder.h"

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
#include <utility>

#include "base/descriptor.h"
#include "base/shown_value.h"

namespace credmint {
namespace {

tl::unexpected<Error> CannotMakeFolder(const std::string& path, int error) {
  const bool exists = error == EEXIST || error == ENOTEMPTY || error == ENOTDIR;
  return Fail(ErrorCode::kLocalIo,
              fmt::format("making folder {}: {}", ShownPath(path), strerror(error)),
              exists ? "nothing there is ever overwritten: name another folder" : "");
}

/// Whether rename() cannot replace an empty folder: it has no name of its own, or is a mount point.
/// Older kernels do not tell of mounts, but mostly they have another device.
bool IsBusy(const std::filesystem::path& path) {
  const std::filesystem::path name = path.filename();
  if (name == "." || name == "..") return true;
  struct statx status {};
  struct stat folder {};
  struct stat parent {};
  if (statx(AT_FDCWD, path.c_str(), 0, 0, &status) == 0 &&
      (status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0) {
    return true;
  }
  return stat(path.c_str(), &folder) == 0 && stat((path / "..").c_str(), &parent) == 0 &&
         folder.st_dev != parent.st_dev;
}

/// The new name is on disk only when its folder is.
void SyncFolderOf(const std::string& path) {
  const std::string parent = std::filesystem::path(path).parent_path();
  const Descriptor folder(open(parent.empty() ? "." : parent.c_str(), O_RDONLY | O_CLOEXEC));
  if (folder) fsync(folder.get());
}

}  // namespace

Result<void> NewFolder::Check(const std::string& path) {
  std::error_code ignored;
  const auto status = std::filesystem::symlink_status(path, ignored);
  if (!std::filesystem::exists(status)) return {};
  const bool is_empty =
      std::filesystem::is_directory(status) && std::filesystem::is_empty(path, ignored);
  if (!is_empty) return CannotMakeFolder(path, EEXIST);
  if (!IsBusy(path)) return {};
  return Fail(ErrorCode::kLocalIo,
              fmt::format("making folder {}: a new one cannot take its place", ShownPath(path)),
              "name another folder, or a new one in it");
}

Result<NewFolder> NewFolder::Make(const std::string& path) {
  std::string beside = path + ".XXXXXX";
  if (mkdtemp(beside.data()) == nullptr) return CannotMakeFolder(path, errno);
  return NewFolder(path, std::move(beside));
}

NewFolder::NewFolder(NewFolder&& other) noexcept
    : place_(std::move(other.place_)), beside_(std::exchange(other.beside_, {})) {}

NewFolder::~NewFolder() {
  std::error_code ignored;
  if (!beside_.empty()) std::filesystem::remove_all(beside_, ignored);
}

/// rename() replaces an empty folder, and nothing else.
Result<void> NewFolder::MoveToPlace() {
  if (rename(beside_.c_str(), place_.c_str()) != 0) return CannotMakeFolder(place_, errno);
  beside_.clear();
  SyncFolderOf(place_);
  return {};
}

}  // namespace credmint
