// SPDX-License-Identifier: Apache-2.0
#include "credentials/profile/credentials_file_writer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <chrono>
#include <utility>

#include "base/descriptor.h"
#include "base/log.h"
#include "base/read_file.h"
#include "base/shown_value.h"
#include "base/timestamp.h"
#include "credentials/profile/aws_config.h"
#include "credentials/profile/credentials_file.h"
#include "credentials/profile/locked_file.h"

namespace credmint {
namespace {

constexpr std::chrono::seconds kPatience{10};
constexpr int kMaxTries = 10;

/// Reads a regular file; empty if that is impossible.
Secret ReadIfThere(const std::string& path) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  struct stat status {};
  if (file.get() < 0 || fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return {};
  auto text = ReadDescriptor(file.get(), path);
  return text ? *std::move(text) : Secret();
}

Result<void> CheckConfigOf(const CredentialsFile& file) {
  const Secret config = ReadIfThere(file.config);
  auto checked = CheckConfig(config.Reveal(), file.profile);
  if (!checked) return Fail(std::move(checked), ShownPath(file.config));
  return {};
}

}  // namespace

Result<CredentialsFile> FindCredentialsFile(std::string profile) {
  if (auto checked = CheckProfileName(profile); !checked) return Fail(std::move(checked));
  auto path = FindAwsFile("AWS_SHARED_CREDENTIALS_FILE", "credentials");
  if (!path) return Fail(std::move(path));
  auto config = FindAwsFile("AWS_CONFIG_FILE", "config");
  if (!config) return Fail(std::move(config));
  return CredentialsFile{*std::move(path), *std::move(config), std::move(profile)};
}

Result<void> CheckCredentialsFile(const CredentialsFile& file) {
  auto locked = LockedFile::Open(file.path, kPatience);
  if (!locked) return Fail(std::move(locked));
  const auto text = locked->Read();
  if (!text) return Fail(text);
  if (auto checked = CheckProfile(text->Reveal(), file.profile); !checked) {
    return Fail(std::move(checked), ShownPath(file.path));
  }
  return CheckConfigOf(file);
}

Result<void> WriteCredentials(const CredentialsFile& file, const Credentials& credentials) {
  auto locked = LockedFile::Open(file.path, kPatience);
  if (!locked) return Fail(std::move(locked));
  if (auto checked = CheckConfigOf(file); !checked) return checked;
  for (int i = 0; i < kMaxTries; ++i) {
    const auto text = locked->Read();
    if (!text) return Fail(text);
    auto edited = SetProfile(text->Reveal(), file.profile, credentials);
    if (!edited) return Fail(std::move(edited), ShownPath(file.path));
    const auto replaced = locked->Replace(edited->Reveal());
    if (!replaced) return Fail(replaced);
    if (!*replaced) continue;
    LogDebug(fmt::format("profile {} of {}: {}, valid until {}", file.profile, ShownPath(file.path),
                         credentials.access_key_id, FormatTimestamp(credentials.expiration)));
    return {};
  }
  return Fail(ErrorCode::kLocalIo,
              fmt::format("{}: another program keeps writing it", ShownPath(file.path)));
}

}  // namespace credmint
