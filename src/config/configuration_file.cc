// SPDX-License-Identifier: Apache-2.0
#include "config/configuration_file.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/read_file.h"
#include "base/shown_value.h"

namespace credmint {
namespace {

constexpr const char* kSystemFile = "/etc/credmint/config.toml";
constexpr const char* kUserFile = "/credmint/config.toml";

/// Ignores relative paths, as the XDG Base Directory Specification requires.
std::string AbsoluteFromEnvironment(const char* name) {
  const char* value = getenv(name);
  return value != nullptr && value[0] == '/' ? value : "";
}

/// Empty if neither variable is set.
std::string UserFile() {
  const std::string config = AbsoluteFromEnvironment("XDG_CONFIG_HOME");
  if (!config.empty()) return config + kUserFile;
  const std::string home = AbsoluteFromEnvironment("HOME");
  return home.empty() ? "" : home + "/.config" + kUserFile;
}

bool IsThere(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

Result<void> CheckOwner(const std::string& path, const struct stat& status) {
  if (!S_ISREG(status.st_mode)) {
    return Fail(ErrorCode::kLocalIo, fmt::format("{} is not a regular file", path));
  }
  if (status.st_uid != 0 && status.st_uid != geteuid()) {
    return Fail(ErrorCode::kLocalIo, fmt::format("{} belongs to another user", path),
                "its owner decides which key is used, so it must be you or root");
  }
  if ((status.st_mode & S_IWOTH) != 0) {
    return Fail(
        ErrorCode::kLocalIo,
        fmt::format("{} is writable by everyone (mode {:04o})", path, status.st_mode & 07777),
        fmt::format("chmod o-w {}", path));
  }
  return {};
}

}  // namespace

std::vector<std::string> FindConfigurationFiles() {
  std::vector<std::string> files;
  const std::string user = UserFile();
  if (!user.empty() && IsThere(user)) files.push_back(user);
  if (IsThere(kSystemFile)) files.emplace_back(kSystemFile);
  return files;
}

std::optional<std::string> FindConfigurationFile() {
  const auto files = FindConfigurationFiles();
  if (files.empty()) return std::nullopt;
  return files.front();
}

Result<Configuration> ReadConfigurationFile(const std::string& path) {
  Mistakes mistakes;
  auto read = ReadConfigurationFile(path, mistakes);
  if (!mistakes.empty()) return Fail(PlacedIn(ShownPath(path), std::move(mistakes.front())));
  return read;
}

Result<Configuration> ReadConfigurationFile(const std::string& path, Mistakes& mistakes) {
  // O_NONBLOCK: if it is a FIFO, do not wait for a writer.
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  struct stat status {};
  if (!file || fstat(file.get(), &status) != 0) {
    if (auto checked = CheckPath(path, "a path"); !checked) return Fail(std::move(checked));
    return Fail(ErrorCode::kLocalIo,
                fmt::format("cannot read {}: {}", ShownPath(path), strerror(errno)));
  }
  const std::string name = ShownPath(path);
  if (auto checked = CheckOwner(name, status); !checked) return Fail(std::move(checked));
  const auto contents = ReadDescriptor(file.get(), name);
  if (!contents) return Fail(contents);
  return ParseConfiguration(contents->Reveal(), name, mistakes);
}

}  // namespace credmint
