// SPDX-License-Identifier: Apache-2.0
#include "serve/api/token_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/shown_value.h"
#include "base/write_all.h"

namespace credmint::serve {
namespace {

constexpr const char* kAsRootGives =
    "a token that root gives is 64 hexadecimal digits without a newline, in a file that only root "
    "and the token-group can read";

tl::unexpected<Error> CannotWrite(const std::string& path, std::string_view reason,
                                  std::string hint = {}) {
  return Fail(ErrorCode::kLocalIo,
              fmt::format("writing the token file {}: {}", ShownPath(path), reason),
              std::move(hint));
}

tl::unexpected<Error> CannotWrite(const std::string& path) {
  return CannotWrite(path, std::generic_category().message(errno));
}

/// Whether nobody but the owner has any permission. The group may read if it is `reader`.
bool IsClosed(const struct stat& status, std::optional<gid_t> reader) {
  const mode_t others = status.st_mode & (S_IRWXG | S_IRWXO);
  return others == 0 || (others == S_IRGRP && reader && status.st_gid == *reader);
}

Result<void> CheckReplaceable(const std::string& path, std::optional<gid_t> reader) {
  struct stat status {};
  if (lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) return {};
    return CannotWrite(path);
  }
  if (S_ISLNK(status.st_mode)) return CannotWrite(path, "it exists and is a link", kAsRootGives);
  if (!S_ISREG(status.st_mode)) return CannotWrite(path, "it exists and is not a regular file");
  if (status.st_uid != geteuid()) {
    return CannotWrite(path, "it exists and belongs to another user",
                       status.st_uid == 0 ? kAsRootGives : "");
  }
  if (!IsClosed(status, reader)) {
    return CannotWrite(path, "it exists and is open to others",
                       fmt::format("chmod 600 {}, or remove it", ShownPath(path)));
  }
  return {};
}

Result<void> ShareWith(gid_t reader, int descriptor, const std::string& path) {
  if (fchown(descriptor, static_cast<uid_t>(-1), reader) != 0) {
    const int error = errno;
    return CannotWrite(
        path, fmt::format("giving it to its group: {}", std::generic_category().message(error)),
        error == EPERM
            ? "only root and the members of a group can do so, and a systemd service only "
              "if its SystemCallFilter allows @chown"
            : "");
  }
  constexpr mode_t kForGroup = S_IRUSR | S_IWUSR | S_IRGRP;
  if (fchmod(descriptor, kForGroup) != 0) return CannotWrite(path);
  return {};
}

/// Writes the token into a new file.
Result<void> Fill(int descriptor, const Secret& token, std::optional<gid_t> reader,
                  const std::string& path) {
  if (reader) {
    if (auto shared = ShareWith(*reader, descriptor, path); !shared) return shared;
  }
  if (!WriteAll(descriptor, token.Reveal())) return CannotWrite(path);
  return {};
}

bool IsClosedFileOf(uid_t owner, int descriptor, std::optional<gid_t> reader) {
  struct stat status {};
  return fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) && status.st_uid == owner &&
         IsClosed(status, reader);
}

/// Reads everything, but no more than one byte beyond `size`.
Secret ReadUpTo(int descriptor, std::size_t size) {
  std::string bytes(size + 1, '\0');
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t count = read(descriptor, bytes.data() + done, bytes.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    done += static_cast<std::size_t>(count);
  }
  bytes.resize(done);
  return Secret::Take(bytes);
}

std::optional<Secret> ReadTokenOf(uid_t owner, const std::string& path, std::size_t digits,
                                  std::optional<gid_t> reader, int flags) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | flags);
  if (descriptor < 0) return std::nullopt;
  Secret token =
      IsClosedFileOf(owner, descriptor, reader) ? ReadUpTo(descriptor, digits) : Secret();
  close(descriptor);
  const bool is_token =
      token.Reveal().size() == digits &&
      token.Reveal().find_first_not_of("0123456789abcdef") == std::string_view::npos;
  return is_token ? std::optional(std::move(token)) : std::nullopt;
}

}  // namespace

std::optional<Secret> ReadTokenFile(const std::string& path, std::size_t digits,
                                    std::optional<gid_t> reader) {
  return ReadTokenOf(geteuid(), path, digits, reader, O_NOFOLLOW);
}

std::optional<Secret> ReadGivenToken(const std::string& path, std::size_t digits,
                                     std::optional<gid_t> reader) {
  return geteuid() != 0 ? ReadTokenOf(0, path, digits, reader, 0) : std::nullopt;
}

Result<void> WriteTokenFile(const std::string& path, const Secret& token,
                            std::optional<gid_t> reader) {
  if (auto checked = CheckReplaceable(path, reader); !checked) return checked;
  std::string fresh = path + ".XXXXXX";
  const int descriptor =
      mkostemp(fresh.data(), O_CLOEXEC);  // created with mode 0600 and owned by us
  if (descriptor < 0) return CannotWrite(path);
  auto filled = Fill(descriptor, token, reader, path);
  if (close(descriptor) != 0 && filled) filled = CannotWrite(path);
  if (filled && rename(fresh.c_str(), path.c_str()) != 0) filled = CannotWrite(path);
  if (!filled) unlink(fresh.c_str());
  return filled;
}

}  // namespace credmint::serve
