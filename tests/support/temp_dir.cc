// SPDX-License-Identifier: Apache-2.0
#include "support/temp_dir.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <system_error>

namespace credmint::test {

TempDir::TempDir() {
  std::string name = std::filesystem::temp_directory_path() / "credmint-XXXXXX";
  if (mkdtemp(name.data()) == nullptr) abort();
  path_ = name;
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TempDir::Write(std::string_view name, std::string_view contents, mode_t mode) const {
  const std::string path = File(name);
  unlink(path.c_str());  // an existing file may be read-only
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << contents;
  file.close();
  if (!file || chmod(path.c_str(), mode) != 0) abort();
  return path;
}

}  // namespace credmint::test
