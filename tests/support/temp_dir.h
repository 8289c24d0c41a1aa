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

  /// Writes a file of exactly this mode, whatever the umask; returns its path.
  [[nodiscard]] std::string Write(std::string_view name, std::string_view contents,
                                  mode_t mode = 0600) const;

 private:
  std::filesystem::path path_;
};

}  // namespace credmint::test
