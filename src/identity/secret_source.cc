// SPDX-License-Identifier: Apache-2.0
#include "identity/secret_source.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>

#include "base/pin_file.h"
#include "base/read_file.h"
#include "base/shown_value.h"

namespace credmint {
namespace {

constexpr std::size_t kMaxSecretSize = 4096;

bool IsNumber(const std::string& text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && value >= 0;
}

/// Names the variable if it looks like one; any other text may be the secret.
std::string ShownVariable(const std::string& name) {
  const bool good =
      name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == std::string::npos;
  return good && name.size() <= kMaxShown ? fmt::format("the variable {}", name)
                                          : "the variable that is named for it";
}

/// A longer number may be a PIN.
std::string ShownDescriptor(const std::string& number) {
  return number.size() <= 3 ? fmt::format("descriptor {}", number)
                            : "the descriptor that is named for it";
}

std::string LoadCredential(const std::string& name) {
  return fmt::format("add LoadCredential={}:PATH to the systemd unit",
                     DescribeUnshown(name).empty() ? name : "NAME");
}

Result<Secret> ReadEnvironment(const std::string& name) {
  const char* value = getenv(name.c_str());
  if (value == nullptr) {
    return Fail(ErrorCode::kPinRequired, fmt::format("{} is not set", ShownVariable(name)),
                "export it in the shell or service that starts this program");
  }
  return Secret(value);
}

Result<void> CheckDescriptor(const std::string& number) {
  if (fcntl(atoi(number.c_str()), F_GETFD) >= 0) return {};
  return Fail(ErrorCode::kPinRequired, fmt::format("{} is not open", ShownDescriptor(number)),
              "open it for this program: in a shell, 3<FILE behind the command opens descriptor 3");
}

Result<Secret> ReadOpenDescriptor(const std::string& number) {
  if (auto open = CheckDescriptor(number); !open) return Fail(std::move(open));
  return FirstLine(ReadDescriptor(atoi(number.c_str()), ShownDescriptor(number), kMaxSecretSize));
}

Result<Secret> ReadCredential(const std::string& name) {
  const char* folder = getenv("CREDENTIALS_DIRECTORY");
  if (folder == nullptr) {
    return Fail(ErrorCode::kPinRequired, "CREDENTIALS_DIRECTORY is not set", LoadCredential(name));
  }
  const std::string path = fmt::format("{}/{}", folder, name);
  if (access(path.c_str(), F_OK) != 0) {
    return Fail(ErrorCode::kPinRequired, fmt::format("there is no credential {}", Shown(name)),
                LoadCredential(name));
  }
  return FirstLine(ReadFile(path, kMaxSecretSize));
}

}  // namespace

Result<SecretSource> SecretSource::Parse(const std::string& text) {
  if (text == "stdin") return SecretSource(Kind::kDescriptor, "0");
  const std::size_t colon = text.find(':');
  const std::string kind = text.substr(0, colon);
  const std::string name = colon == std::string::npos ? "" : text.substr(colon + 1);
  if (colon != std::string::npos) {
    if (kind == "pass") return FromSecret(Secret(name));
    if (kind == "env" && !name.empty()) return SecretSource(Kind::kEnvironment, name);
    if (kind == "file" && !name.empty()) return SecretSource(Kind::kFile, name);
    if (kind == "fd" && IsNumber(name)) return SecretSource(Kind::kDescriptor, name);
    if (kind == "cred" && !name.empty() && name.find('/') == std::string::npos) {
      return SecretSource(Kind::kCredential, name);
    }
  }
  // The text is not repeated, because it may be a PIN typed by mistake.
  return Fail(ErrorCode::kUsage, "not a source of a secret",
              "use file:PATH, env:NAME, fd:N, stdin, cred:NAME or pass:TEXT");
}

SecretSource SecretSource::FromSecret(Secret secret) {
  SecretSource source(Kind::kKnown, "");
  source.secret_ = std::move(secret);
  return source;
}

SecretSource SecretSource::FromFile(const std::string& path) { return {Kind::kFile, path}; }

SecretSource SecretSource::Clone() const {
  SecretSource source(kind_, name_);
  source.secret_ = secret_.Clone();
  return source;
}

Result<Secret> SecretSource::Read() const {
  switch (kind_) {
    case Kind::kEnvironment:
      return ReadEnvironment(name_);
    case Kind::kFile:
      return ReadPinFile(name_);
    case Kind::kDescriptor:
      return ReadOpenDescriptor(name_);
    case Kind::kCredential:
      return ReadCredential(name_);
    case Kind::kKnown:
      break;
  }
  return secret_.Clone();
}

Result<void> SecretSource::Check() const {
  if (kind_ == Kind::kDescriptor) return CheckDescriptor(name_);
  struct stat status {};
  const bool is_there = kind_ == Kind::kFile && stat(name_.c_str(), &status) == 0;
  if (is_there && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)) return {};
  auto secret = Read();
  return secret ? Result<void>() : Fail(std::move(secret));
}

std::string SecretSource::shown() const {
  switch (kind_) {
    case Kind::kEnvironment:
      return ShownVariable(name_);
    case Kind::kFile:
      return "the file " + ShownPath(name_);
    case Kind::kDescriptor:
      return ShownDescriptor(name_);
    case Kind::kCredential:
      return fmt::format("the credential {}", Shown(name_));
    case Kind::kKnown:
      break;
  }
  return "the text that was given";
}

bool SecretSource::CanChange() const { return kind_ != Kind::kKnown && kind_ != Kind::kDescriptor; }

std::optional<std::string> SecretSource::file() const {
  return kind_ == Kind::kFile ? std::optional(name_) : std::nullopt;
}

std::optional<int> SecretSource::descriptor() const {
  return kind_ == Kind::kDescriptor ? std::optional(atoi(name_.c_str())) : std::nullopt;
}

}  // namespace credmint
