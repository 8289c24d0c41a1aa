// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <string_view>

namespace credmint::test {

/// A new, empty directory for one test; goes away with everything in it. Aborts where it cannot be
/// made or a file in it cannot be written.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  /// Where a file of that name is or would be.
  [[nodiscard]] std::string File(std::string_view name) const { return path_ / name; }

  /// Writes a new file of exactly this mode, whatever the umask, in the place of one of that name;
  /// returns its path.
  std::string Write(std::string_view name, std::string_view contents, mode_t mode = 0600) const;

 private:
  std::filesystem::path path_;
};

/// Makes a directory this process's working directory as long as it lives.
class WorkingDirectory {
 public:
  explicit WorkingDirectory(const std::filesystem::path& path)
      : before_(std::filesystem::current_path()) {
    std::filesystem::current_path(path);
  }
  ~WorkingDirectory() { std::filesystem::current_path(before_); }
  WorkingDirectory(const WorkingDirectory&) = delete;
  WorkingDirectory& operator=(const WorkingDirectory&) = delete;

 private:
  std::filesystem::path before_;
};

}  // namespace credmint::test
