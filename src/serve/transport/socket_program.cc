// SPDX-License-Identifier: Apache-2.0
#include "serve/transport/socket_program.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <system_error>

namespace credmint::serve {
namespace {

namespace fs = std::filesystem;

std::optional<pid_t> ParsePid(const std::string& text) {
  pid_t process = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), process);
  if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return process;
}

bool Holds(const fs::path& descriptors, std::string_view socket) {
  std::error_code failure;
  for (fs::directory_iterator each(descriptors, failure), end; !failure && each != end;
       each.increment(failure)) {
    std::array<char, 64> target{};
    const ssize_t size = readlink(each->path().c_str(), target.data(), target.size());
    if (size > 0 && std::string_view(target.data(), static_cast<std::size_t>(size)) == socket) {
      return true;
    }
  }
  return false;
}

}  // namespace

std::optional<SocketProgram> FindSocketProgram(std::uint64_t inode) {
  const std::string socket = fmt::format("socket:[{}]", inode);
  std::error_code failure;
  for (fs::directory_iterator each("/proc", failure), end; !failure && each != end;
       each.increment(failure)) {
    const auto process = ParsePid(each->path().filename());
    if (!process || !Holds(each->path() / "fd", socket)) continue;
    SocketProgram program{*process, ""};
    std::ifstream file(each->path() / "comm");
    std::getline(file, program.name);
    return program;
  }
  return std::nullopt;
}

}  // namespace credmint::serve
