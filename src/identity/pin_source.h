// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/secret.h"
#include "identity/prompted_secrets.h"
#include "identity/secret_mark.h"
#include "ossl/passphrase.h"

namespace credmint {

/// Where a PIN, an auth value or a passphrase comes from. Read at most once, and only when it is
/// needed; kept (wiped at the end) because a descriptor can be read only once.
class PinSource {
 public:
  /// OpenSSL's syntax and one addition: `pass:TEXT`, `env:NAME`, `file:PATH` (first line), `fd:N`,
  /// `stdin`, `cred:NAME` (a systemd credential, in $CREDENTIALS_DIRECTORY). Parsing reads
  /// nothing; a malformed source is kUsage. `option` is for messages ("--passin").
  static Result<PinSource> Parse(const std::string& source, const std::string& option);

  /// A secret that is already known.
  static PinSource FromSecret(Secret secret);
  /// The first line of a file, as RFC 7512's pin-source names it.
  static PinSource FromFile(const std::string& path);

  /// Fails with kPinRequired when the variable, descriptor or credential is not there, and with
  /// kLocalIo when a file cannot be read or is open to others.
  Result<Secret> Get();

  /// The descriptor that it is read from, if it is one.
  [[nodiscard]] std::optional<int> descriptor() const;

  /// Has it read again the next time: it may have been changed. Not so a descriptor.
  void Forget();

  /// Says that what was read last has been accepted.
  void NoteAccepted();
  /// Whether that is still the same; true if none has been read.
  [[nodiscard]] bool WasAccepted() const;

 private:
  enum class Kind { kKnown, kEnvironment, kFile, kDescriptor, kCredential };

  PinSource(Kind kind, std::string name) : kind_(kind), name_(std::move(name)) {}
  [[nodiscard]] Result<Secret> Read() const;

  Kind kind_;
  std::string name_;
  std::optional<Secret> secret_;
  std::optional<SecretMark> accepted_;
};

/// The secrets a command was given, by what they are for, and those that a person is asked for
/// where none was given. Answers each request from the store; it never tries one secret where
/// another was meant.
struct PinSources {
  std::optional<PinSource> user;     ///< token PIN, TPM auth value, file passphrase
  std::optional<PinSource> context;  ///< context-specific PIN
  std::optional<PinSource> parent;   ///< auth value of a TPM key's parent; not asked for, but sent
  std::optional<PinSource> policy;   ///< the same of what a TPM key's policy names
  bool reuse_user_for_context = false;
  PromptedSecrets prompted;
  std::optional<SecretMark> in_reference;           ///< what a key reference had of its own, last
  std::optional<SecretMark> in_accepted_reference;  ///< and when a signature was last made

  /// Whether a secret of this kind was given, so that nobody is asked for it.
  [[nodiscard]] bool HasSource(PassphraseKind kind) { return SourceFor(kind) != nullptr; }

  /// `place` is where the secret is used, for the secrets that are prompted. Fails with
  /// kPinRequired and the option to give when there is no source for the request and nobody to
  /// ask.
  Result<Secret> Answer(const PassphraseRequest& request, const std::string& place = {});

  /// Says that the answer was refused. Whether to try again: only with what a person types anew.
  bool Refuse(const PassphraseRequest& request, const std::string& place);

  /// Has those that were given read again, where that is possible.
  void Forget();

  /// Says what a key reference had of its own.
  void NoteInReference(const Secret& secret);

  /// Says that a signature was made with what was given, and whether that is still the same.
  void NoteAccepted();
  [[nodiscard]] bool WereAccepted() const;

 private:
  PinSource* SourceFor(PassphraseKind kind);
  [[nodiscard]] PassphraseRequest WhatToType(const PassphraseRequest& request) const;
};

}  // namespace credmint
