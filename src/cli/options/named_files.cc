// SPDX-License-Identifier: Apache-2.0
#include "cli/options/named_files.h"

#include <errno.h>
#include <fmt/format.h>
#include <string.h>
#include <sys/stat.h>

#include <filesystem>
#include <optional>

#include "base/shown_value.h"

namespace credmint::cli {
namespace {

bool IsThere(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0;
}

const char* AdviceFor(const std::string& path) {
  return path.starts_with('/') ? "correct the path, or put the file there"
                               : "a path that begins with '/' is the same in every folder";
}

class AbsentNames {
 public:
  void Check(std::string_view option, const std::string& path) {
    if (IsThere(path)) return;
    const char* const reason = strerror(errno);
    Add(option,
        {ErrorCode::kLocalIo, fmt::format("{}: {}", ShownPath(path), reason), AdviceFor(path)});
  }

  void Check(std::string_view option, const std::optional<KeyReference>& reference) {
    if (!reference) return;
    if (reference->is_path()) Check(option, reference->text());
    KeyReference copy = reference->Clone();
    const auto pin = copy.TakePin();
    if (pin && !pin->file.empty()) CheckSource(option, SecretSource::FromFile(pin->file));
  }

  void Check(std::string_view option, const std::optional<SecretSource>& source) {
    if (source && source->file()) CheckSource(option, *source);
  }

  [[nodiscard]] Refusals Take() && { return std::move(refusals_); }

 private:
  /// A name that is no file may be the secret itself, so the source words the message.
  void CheckSource(std::string_view option, const SecretSource& source) {
    std::string path = source.file().value_or("");
    if (path.starts_with("file:")) path.erase(0, 5);
    if (IsThere(path)) return;
    auto read = source.Check();
    if (read) return;
    if (!read.error().HasHint()) read.error().SetHint(AdviceFor(path));
    Add(option, std::move(read).error());
  }

  void Add(std::string_view option, Error error) {
    refusals_.push_back({std::move(error).In(option), {option}});
  }

  Refusals refusals_;
};

}  // namespace

Refusals AbsentFiles(const IdentitySpec& identity) {
  AbsentNames names;
  names.Check("certificate", identity.certificate.certificate);
  names.Check("intermediates", identity.certificate.intermediates);
  names.Check("private-key", identity.private_key);
  names.Check("policy-key", identity.policy_key);
  names.Check("passin", identity.secrets.user);
  names.Check("context-passin", identity.secrets.context);
  names.Check("parent-passin", identity.secrets.parent);
  names.Check("policy-passin", identity.secrets.policy);
  names.Check("policy-key-passin", identity.policy_key_secret);
  for (const auto& [parameter, value] : identity.parameters) {
    // The dynamic linker finds a name without a slash.
    if (parameter == "pkcs11-module-path" && value.find('/') != std::string::npos) {
      names.Check("pkcs11-lib", value);
    }
  }
  for (const std::string& path : identity.sandbox.paths) names.Check("key-paths", path);
  return std::move(names).Take();
}

Refusals AbsentFile(std::string_view option, const std::string& path) {
  AbsentNames names;
  if (!path.empty()) names.Check(option, path);
  return std::move(names).Take();
}

Refusals AbsentFolderOf(const std::string& token_file) {
  if (token_file.empty()) return {};
  const std::string folder = std::filesystem::path(token_file).parent_path().string();
  return AbsentFile("token-file", folder.empty() ? "." : folder);
}

}  // namespace credmint::cli
