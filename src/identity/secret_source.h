// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/secret.h"

namespace credmint {

/// Where a PIN, an auth value or a passphrase comes from, parsed: a value, of which nothing has
/// been read. Two are equal if they name the same place, or are the same secret.
class SecretSource {
 public:
  /// OpenSSL's syntax and one addition: `pass:TEXT`, `env:NAME`, `file:PATH` (first line), `fd:N`,
  /// `stdin`, `cred:NAME` (a systemd credential, in $CREDENTIALS_DIRECTORY). A malformed one is
  /// kUsage.
  static Result<SecretSource> Parse(const std::string& text);

  /// A secret that is already known.
  static SecretSource FromSecret(Secret secret);
  /// The first line of a file, as RFC 7512's pin-source names it.
  static SecretSource FromFile(const std::string& path);

  [[nodiscard]] SecretSource Clone() const;

  /// Fails with kPinRequired when the variable, descriptor or credential is not there, and with
  /// kLocalIo when a file cannot be read or is open to others. A descriptor can be read once.
  [[nodiscard]] Result<Secret> Read() const;

  /// Whether it may hold another secret the next time it is read.
  [[nodiscard]] bool CanChange() const;

  /// The descriptor that it is read from, if it is one.
  [[nodiscard]] std::optional<int> descriptor() const;

  bool operator==(const SecretSource&) const = default;

 private:
  enum class Kind { kKnown, kEnvironment, kFile, kDescriptor, kCredential };

  SecretSource(Kind kind, std::string name) : kind_(kind), name_(std::move(name)) {}

  Kind kind_;
  std::string name_;
  Secret secret_;  ///< if it is known
};

/// The sources that a command was given, by what their secrets are for.
struct SecretSources {
  std::optional<SecretSource> user;     ///< token PIN, TPM auth value, file passphrase
  std::optional<SecretSource> context;  ///< context-specific PIN
  std::optional<SecretSource> parent;   ///< auth value of a TPM key's parent
  std::optional<SecretSource> policy;   ///< the same of what a TPM key's policy names
  bool reuse_user_for_context = false;

  bool operator==(const SecretSources&) const = default;
};

}  // namespace credmint
