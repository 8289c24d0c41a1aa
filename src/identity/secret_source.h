// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/secret.h"

namespace credmint {

/// The source of a PIN, an auth value or a passphrase: a parsed value, not yet read. Two are equal
/// if they name the same place, or hold the same secret.
class SecretSource {
 public:
  /// Parses OpenSSL's syntax: `pass:TEXT`, `env:NAME`, `file:PATH` (first line), `fd:N`, `stdin`.
  /// Also accepts `cred:NAME`, a systemd credential in $CREDENTIALS_DIRECTORY. Fails with kUsage
  /// for anything else.
  static Result<SecretSource> Parse(const std::string& text);

  /// A source for a secret that is already known.
  static SecretSource FromSecret(Secret secret);
  /// The first line of a file, as for RFC 7512's pin-source.
  static SecretSource FromFile(const std::string& path);

  [[nodiscard]] SecretSource Clone() const;

  /// Fails with kPinRequired if the variable, descriptor or credential does not exist, which only
  /// another start of the program can change. Fails with kSecretUnreadable if it cannot be read, or
  /// if a file is missing or open to others. A descriptor can be read once.
  [[nodiscard]] Result<Secret> Read() const;

  /// Fails like Read(). Does not read what may be readable only once: a descriptor, a pipe.
  [[nodiscard]] Result<void> Check() const;

  /// Where it is read from, for messages: "the file /etc/web.pin", "the variable PIN".
  [[nodiscard]] std::string shown() const;

  /// Whether it may hold another secret at the next read.
  [[nodiscard]] bool CanChange() const;

  /// The path of the file that it is read from, if any.
  [[nodiscard]] std::optional<std::string> file() const;
  /// The descriptor that it is read from, if any.
  [[nodiscard]] std::optional<int> descriptor() const;

  bool operator==(const SecretSource&) const = default;

 private:
  enum class Kind { kKnown, kEnvironment, kFile, kDescriptor, kCredential };

  SecretSource(Kind kind, std::string name) : kind_(kind), name_(std::move(name)) {}

  Kind kind_;
  std::string name_;
  Secret secret_;  ///< for kKnown
};

/// The sources given to a command, by the purpose of their secrets.
struct SecretSources {
  std::optional<SecretSource> user;     ///< token PIN, TPM auth value, file passphrase
  std::optional<SecretSource> context;  ///< context-specific PIN
  std::optional<SecretSource> parent;   ///< auth value of a TPM key's parent
  std::optional<SecretSource> policy;   ///< auth value of what a TPM key's policy names
  bool reuse_user_for_context = false;

  bool operator==(const SecretSources&) const = default;
};

}  // namespace credmint
