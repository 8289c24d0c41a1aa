// SPDX-License-Identifier: Apache-2.0
#include "base/mount_table.h"

#include <sstream>

namespace credmint {
namespace {

struct Mount {
  std::string device;
  std::string root;   // the folder of the file system that is mounted
  std::string point;  // where
};

/// "\040" and others for blanks and backslashes.
std::string Unescape(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_escape = text[i] == '\\' && i + 3 < text.size();
    if (!is_escape) {
      plain += text[i];
      continue;
    }
    plain +=
        static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + text[i + 3] - '0');
    i += 3;
  }
  return plain;
}

std::vector<Mount> Parse(std::string_view mountinfo) {
  std::vector<Mount> mounts;
  std::istringstream lines{std::string(mountinfo)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    std::string id;
    std::string parent;
    Mount mount;
    if (fields >> id >> parent >> mount.device >> mount.root >> mount.point) {
      mounts.push_back({mount.device, Unescape(mount.root), Unescape(mount.point)});
    }
  }
  return mounts;
}

/// The rest of `path` below `folder`: "" or "/…". Null if it is not below.
const char* Below(const std::string& path, const std::string& folder) {
  if (folder == "/") return path == "/" ? "" : path.c_str();
  if (!path.starts_with(folder)) return nullptr;
  const char* rest = path.c_str() + folder.size();
  return *rest == '\0' || *rest == '/' ? rest : nullptr;
}

std::string Join(const std::string& folder, const char* rest) {
  return folder == "/" && *rest != '\0' ? rest : folder + rest;
}

/// The mount that a path is on: the last of the innermost ones.
const Mount* MountOf(const std::vector<Mount>& mounts, const std::string& path) {
  const Mount* found = nullptr;
  for (const Mount& mount : mounts) {
    const bool is_closer = found == nullptr || mount.point.size() >= found->point.size();
    if (is_closer && Below(path, mount.point) != nullptr) found = &mount;
  }
  return found;
}

}  // namespace

std::vector<std::string> WithOtherMounts(std::vector<std::string> paths,
                                         std::string_view mountinfo) {
  const std::vector<Mount> mounts = Parse(mountinfo);
  const std::size_t count = paths.size();
  for (std::size_t i = 0; i < count; ++i) {
    const Mount* own = MountOf(mounts, paths[i]);
    if (own == nullptr) continue;
    const std::string inside = Join(own->root, Below(paths[i], own->point));
    for (const Mount& other : mounts) {
      if (&other == own || other.device != own->device) continue;
      if (const char* rest = Below(inside, other.root)) {
        paths.push_back(Join(other.point, rest));
      } else if (Below(other.root, inside) != nullptr) {
        paths.push_back(other.point);  // a part of it is mounted there
      }
    }
  }
  return paths;
}

}  // namespace credmint
