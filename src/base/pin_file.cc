// SPDX-License-Identifier: Apache-2.0
#include "base/pin_file.h"

#include <unistd.h>

#include <string_view>

#include "base/read_file.h"

namespace credmint {

Secret FirstLine(Secret text) {
  const std::size_t end = text.Reveal().find('\n');
  if (end != std::string_view::npos) text.Truncate(end);
  if (!text.empty() && text.Reveal().back() == '\r') text.Truncate(text.size() - 1);
  return text;
}

Result<Secret> FirstLine(Result<Secret> read) {
  if (read) return FirstLine(*std::move(read));
  read.error().code = ErrorCode::kSecretUnreadable;
  return read;
}

Result<Secret> ReadPinFile(const std::string& name) {
  if (name.starts_with("|")) {
    return Fail(ErrorCode::kUsage, "a command as the source of a PIN is not supported",
                "write the PIN to a file with mode 0600 and name the file");
  }
  std::string path = name;
  if (path.starts_with("file:")) path.erase(0, 5);
  if (path.find('/') == std::string::npos && access(path.c_str(), F_OK) != 0) {
    return Fail(ErrorCode::kSecretUnreadable, "the file named for a secret does not exist",
                "a name without a '/' may be the secret itself, so it is not shown; for a file, "
                "write file:./NAME");
  }
  return FirstLine(ReadFile(path, 4096, FileAccess::kOwnerOnly));
}

}  // namespace credmint
