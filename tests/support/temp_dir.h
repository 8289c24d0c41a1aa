// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <string_view>

namespace credmint::test {

/// A new, empty directory for one test, removed with its contents by the destructor. Aborts if the
/// directory or a file in it cannot be written.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  /// The path of a file of that name, which need not exist.
  [[nodiscard]] std::string File(std::string_view name) const { return path_ / name; }

  /// Creates or replaces a file, with exactly this mode whatever the umask. Returns its path.
  std::string Write(std::string_view name, std::string_view contents, mode_t mode = 0600) const;

 private:
  std::filesystem::path path_;
};

/// Changes the working directory of this process for the object's lifetime.
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
